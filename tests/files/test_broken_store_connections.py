"""The store closes a connection in the middle of an object: clients do not notice."""

import io
import secrets
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from devstack.testing import TestStack
from files.models import FileVersion
from files.storage.client import client
from files.storage.configured import tenant_storage
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import sha256
from tests.support.files.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.files.direct_uploads import post_complete, post_upload, put_content
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Host, Site
from tests.support.second_gunicorn import another_gunicorn

DATA = secrets.token_bytes(3_000_000)
AFTER = 700_000


@pytest.fixture(scope="module")
def proxy(stores: TestStack) -> Iterator[CuttingProxy]:
    with cutting_proxy(stores.env["S3_ENDPOINT_URL"]) as started:
        yield started


@pytest.fixture(scope="module")
def behind_proxy(stores: TestStack, proxy: CuttingProxy) -> Iterator[Site]:
    """The site whose backend reaches the store through the proxy, as the tenant."""
    changed = {"S3_ENDPOINT_URL": proxy.url, "S3_TENANT_CREDENTIALS": "sts"}
    with another_gunicorn(stores, **changed) as found:
        yield found


@pytest.fixture
def owner(behind_proxy: Site, acme: Agency) -> Host:
    return behind_proxy.host(acme.slug).with_token(acme.owner.access_token)


@pytest.fixture(scope="module")
def path(acme: Agency) -> str:
    return f"/api/files/{add_file(acme.owner.at, 'broken.bin', DATA)['id']}/content"


def test_download_is_resumed_after_each_break(proxy: CuttingProxy, owner: Host, path: str):
    proxy.cut(after=AFTER, times=3)

    response = owner.get(path)

    assert (response.status_code, sha256(response.content)) == (200, sha256(DATA))
    assert proxy.cuts == 3


def test_archive_is_resumed_after_each_break(proxy: CuttingProxy, owner: Host, acme: Agency):
    contents = {name: secrets.token_bytes(1_500_000) for name in ("one.bin", "two.bin")}
    ids = [add_file(acme.owner.at, name, data)["id"] for name, data in contents.items()]
    proxy.cut(after=AFTER, times=3)

    response = owner.post("/api/files/archive", {"files": ids})

    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents
    assert proxy.cuts == 3


def test_range_is_resumed_within_the_range(proxy: CuttingProxy, owner: Host, path: str):
    proxy.cut(after=AFTER, times=2)

    response = owner.get(path, headers={"Range": "bytes=1000000-2899999"})

    assert (response.status_code, response.content) == (206, DATA[1_000_000:2_900_000])
    assert proxy.cuts == 2


def test_download_ends_after_four_breaks_in_a_row(proxy: CuttingProxy, owner: Host, path: str):
    proxy.cut(after=20_000, times=1000)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        owner.get(path)

    assert proxy.cuts == 4


def test_content_of_another_object_is_not_appended(
    proxy: CuttingProxy, owner: Host, acme: Agency, request: pytest.FixtureRequest
):
    file = add_file(acme.owner.at, "replaced.bin", DATA)
    with tenant_context(acme.ref):
        name = FileVersion.objects.get(file_id=file["id"]).object_name
        key = tenant_storage().key_of(name)
    request.addfinalizer(lambda: setattr(proxy, "on_cut", lambda: None))
    proxy.cut(after=AFTER, times=1)
    proxy.on_cut = lambda: client().put_object(
        Bucket=stack.env["S3_BUCKET"], Key=key, Body=bytes(len(DATA))
    )

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        owner.get(f"/api/files/{file['id']}/content")

    assert proxy.cuts == 1


def test_upload_is_verified_across_a_break(
    proxy: CuttingProxy, site: Site, owner: Host, acme: Agency
):
    begun = post_upload(owner, "verified.bin", len(DATA), sha256=sha256(DATA)).json()
    put_content(site, begun, DATA)
    proxy.cut(after=AFTER, times=2)

    done = post_complete(owner, begun)

    assert (done.status_code, done.json()["sha256"]) == (201, sha256(DATA))
    assert proxy.cuts == 2
    assert acme.owner.at.get(f"/api/files/{done.json()['id']}/content").content == DATA
