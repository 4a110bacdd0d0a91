"""An agency's first day: a colleague, a large file over a bad connection, a link, and its end."""

import hashlib
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Request, Response

from audit.models import AuditEvent
from devstack.testing import TestStack
from files.models import File, Share, Upload
from files.storage.configured import tenant_storage
from tenants.context import ref_of, tenant_context
from tenants.queries import tenant_by_slug
from tests.support.files.bucket import stored_sha256
from tests.support.http_client import Site
from tests.support.mailbox import Mailbox
from tests.support.pages.profiles import Profiles
from tests.support.pages.steps import invite, join, revoke, sees_uploaded, share, sign_up
from tests.support.pages.visitors import Visitor

pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("fresh_limits")]

MEGABYTES = 300
SECRET = "open sesame, please"
# What the console reports of requests that fail on the way.
LOST = ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED", "ERR_CONNECTION", "status of 50[234]"]
UPLOAD_MILLISECONDS = 300_000
EVENTS = [
    *("user.registered", "session.ended", "session.started", "invitation.created"),
    *("invitation.accepted", "user.registered"),
    *("file.uploaded", "share.created", "share.refused", "share.opened", "share.revoked"),
]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of which no two parts are equal."""
    path, source = tmp_path / "film.mov", random.Random(1)
    with path.open("wb") as file:
        for _ in range(MEGABYTES):
            file.write(source.randbytes(1_000_000))
    return path


def test_large_file_survives_the_connection_and_the_server_and_is_shared(
    page_of: Profiles,
    site: Site,
    stores: TestStack,
    mailbox: Mailbox,
    film: Path,
    allowed_faults: list[str],
):
    allowed_faults += LOST
    slug = f"d{secrets.token_hex(6)}"
    owner, colleague, recipient = (
        Visitor.at(page_of, site.host(label)) for label in ("", slug, slug)
    )

    sign_up(owner, slug)
    invite(owner, f"bia@{slug}.test")
    join(colleague, mailbox.wait_for(f"bia@{slug}.test").link, "Bia")
    upload_in_bad_conditions(colleague, film, lambda: stores.kill("gunicorn"))
    link = share(colleague, film.name, SECRET)
    downloaded = open_with_password(recipient, link)
    revoke(colleague, film.name)
    find_nothing(recipient, link)

    checksum = sha256_of(film)
    assert sha256_of(downloaded) == checksum
    with tenant_context(ref_of(tenant_by_slug(slug))):
        stored = File.objects.get(name=film.name).current
        assert (stored.size, stored.sha256) == (film.stat().st_size, checksum)
        assert stored_sha256(tenant_storage().key_of(stored.object_name)) == checksum
        assert Upload.objects.count() == 1
        assert Share.objects.get().downloads == 1
        events = AuditEvent.objects.order_by("id")
        assert list(events.values_list("action", flat=True)) == EVENTS


def upload_in_bad_conditions(visitor: Visitor, film: Path, kill: Callable[[], object]) -> None:
    """Upload a file while the network is cut, and while the server is killed twice."""
    page = visitor.page
    killed: list[object] = []

    def kill_at_first_completion(request: Request) -> None:
        if request.url.endswith("/complete") and not killed:
            killed.append(kill())

    page.on("request", kill_at_first_completion)
    visitor.press("link", "Upload")
    visitor.press("menu", "Upload")
    visitor.choose_file("Files…", film)
    for _ in range(3):
        page.wait_for_event("response", is_of_part, timeout=UPLOAD_MILLISECONDS)
    page.context.set_offline(True)
    visitor.sees("No connection. It goes on by itself.")
    kill()
    page.context.set_offline(False)
    sees_uploaded(visitor, UPLOAD_MILLISECONDS)
    assert killed


def is_of_part(response: Response) -> bool:
    """Tell whether the store has answered to a part."""
    return "partNumber" in response.url and response.ok


def open_with_password(visitor: Visitor, link: str) -> Path:
    """Open a link with a wrong and with the right password, and return what was downloaded."""
    visitor.page.goto(link)
    visitor.fill("Password", "open barley")
    visitor.press("button", "Download")
    visitor.sees("This is not the password of the link.")
    visitor.fill("Password", SECRET)
    with visitor.page.expect_download(timeout=UPLOAD_MILLISECONDS) as download:
        visitor.press("button", "Download")
    return Path(download.value.path())


def find_nothing(visitor: Visitor, link: str) -> None:
    """Use the page that is still open, then the link: both lead to a page with 404."""
    visitor.fill("Password", SECRET)
    with visitor.page.expect_navigation() as navigation:
        visitor.press("button", "Download")
    assert navigation.value.status == 404
    answer = visitor.page.goto(link)
    assert answer
    assert answer.status == 404
    visitor.sees_heading("This link does not work.")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
