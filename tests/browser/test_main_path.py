"""The main path in all the ways people take it: languages, a phone, the keyboard, no JavaScript."""

import hashlib
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import expect

from audit.models import AuditEvent
from files.models import File, Share
from files.shares.tokens import share_url
from files.storage.configured import tenant_storage
from tenants.context import ref_of, tenant_context
from tenants.queries import tenant_by_slug
from tests.support.files.bucket import read_object
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles
from tests.support.pages.steps import log_out, share, sign_up, upload
from tests.support.pages.visitors import KeyboardVisitor, Visitor

pytestmark = pytest.mark.usefixtures("fresh_limits")

DATA = "o plano de três páginas".encode()
PORTUGUESE_PHONE = {"language": "pt-BR", "width": 360}
WAYS = {
    "pt-BR-phone": (Visitor, PORTUGUESE_PHONE),
    "keyboard": (KeyboardVisitor, {"width": 360}),
    "no-scripts": (Visitor, {"javascript": False}),
    "keyboard-no-scripts-pt-BR": (KeyboardVisitor, {**PORTUGUESE_PHONE, "javascript": False}),
}
EACH_TIME = "keyboard-no-scripts-pt-BR"  # the others at night
# The sign-up's own session is replaced by the browser's. The page of a text file shows its content.
EVENTS = [
    *("user.registered", "session.ended", "session.started"),
    *("file.uploaded", "file.downloaded", "share.created", "session.ended"),
]


@pytest.mark.parametrize(
    "way",
    [
        EACH_TIME,
        *(pytest.param(way, marks=pytest.mark.nightly) for way in WAYS if way != EACH_TIME),
    ],
)
def test_main_path_leads_from_the_sign_up_to_the_log_out(
    page_of: Profiles, site: Site, tmp_path: Path, way: str
):
    kind, options = WAYS[way]
    slug = f"w{secrets.token_hex(6)}"
    file = tmp_path / "plano.txt"
    file.write_bytes(DATA)
    visitor = kind.at(page_of, site.host(), **options)

    sign_up(visitor, slug)
    upload(visitor, file)
    link = share(visitor, file.name, "open sesame, please")
    log_out(visitor)

    with tenant_context(ref_of(tenant_by_slug(slug))):
        stored = File.objects.get(name=file.name).current
        assert stored.sha256 == hashlib.sha256(DATA).hexdigest()
        assert read_object(tenant_storage().key_of(stored.object_name)) == DATA
        assert share_url(Share.objects.get()) == link
        assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == EVENTS


def test_first_tab_skips_to_the_content(site: Site, page_of: Profiles):
    page = page_of(site.host())
    page.goto("/signup")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
