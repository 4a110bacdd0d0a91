"""Downloads: by presigned URLs from the store, and through the backend."""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.conf import settings

from audit.models import AuditEvent
from files.models import FileVersion
from files.storage.configured import tenant_storage
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

DATA = bytes(range(256)) * 4


@pytest.fixture(scope="module")
def document(acme: Agency) -> dict:
    return add_file(acme.owner.at, "bytes.bin", DATA)


def get_download_url(agency: Agency, body: dict) -> str:
    response = agency.owner.at.get(f"/api/files/{body['id']}/download")
    assert response.status_code == 302
    return response.headers["Location"]


def test_download_url_returns_the_content_through_the_proxy(
    acme: Agency, site: Site, document: dict
):
    link = get_download_url(acme, document)

    fetched = site.fetch(link)

    assert link.startswith(f"{settings.S3_PUBLIC_ENDPOINT_URL}/")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert (fetched.status_code, fetched.content) == (200, DATA)
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="bytes.bin"'
    assert fetched.headers["Content-Type"] == "application/octet-stream"


def test_download_url_accepts_a_range(acme: Agency, site: Site, document: dict):
    link = get_download_url(acme, document)

    part = site.fetch(link, headers={"Range": "bytes=1000-"})
    beyond = site.fetch(link, headers={"Range": f"bytes={len(DATA)}-"})

    assert (part.status_code, part.content) == (206, DATA[1000:])
    assert part.headers["Content-Range"] == f"bytes 1000-{len(DATA) - 1}/{len(DATA)}"
    assert part.headers["Content-Disposition"].startswith("attachment")
    assert beyond.status_code == 416


def test_download_head_redirects_to_a_url_signed_for_head(acme: Agency, site: Site, document: dict):
    with tenant_context(acme.ref):
        before = AuditEvent.objects.filter(target_id=document["id"]).count()

    response = acme.owner.at.request("HEAD", f"/api/files/{document['id']}/download")

    assert response.status_code == 302
    headers = site.fetch(response.headers["Location"], method="HEAD")
    assert (headers.status_code, headers.headers["Content-Length"]) == (200, str(len(DATA)))
    with tenant_context(acme.ref):
        assert AuditEvent.objects.filter(target_id=document["id"]).count() == before


def test_download_with_accept_json_returns_the_url(acme: Agency, site: Site, document):
    before = datetime.now(UTC)

    response = acme.owner.at.get(
        f"/api/files/{document['id']}/download", headers={"Accept": "application/json"}
    )

    expires = datetime.fromisoformat(response.json()["expires_at"])
    lifetime = timedelta(seconds=settings.DOWNLOAD_URL_SECONDS)
    assert response.status_code == 200
    assert before + lifetime <= expires <= datetime.now(UTC) + lifetime
    assert site.fetch(response.json()["url"]).content == DATA


@pytest.mark.parametrize(
    ("name", "data", "sent_as"),
    [
        ("page.html", b"content", "application/octet-stream"),
        ("image.svg", b"<svg>", "application/octet-stream"),
        ("script.js", b"content", "application/octet-stream"),
        ("feed.xml", b"content", "application/octet-stream"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        ("文件.pdf", b"%PDF-1.7", "application/pdf"),
    ],
)
def test_active_content_is_never_served_with_its_type(
    acme: Agency, site: Site, name: str, data: bytes, sent_as: str
):
    body = add_file(acme.owner.at, name, data)

    direct = site.fetch(get_download_url(acme, body))
    through = acme.owner.at.get(f"/api/files/{body['id']}/content")

    for response in (direct, through):
        assert response.headers["Content-Type"] == sent_as
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert ("filename*=UTF-8''" + quote(name) in response.headers["Content-Disposition"]) == (
            not name.isascii()
        )
    assert through.headers["X-Content-Type-Options"] == "nosniff"


def test_download_url_opens_one_object_only(acme: Agency, site: Site, document: dict):
    other = add_file(acme.owner.at, "other-object.bin", b"secret")
    with tenant_context(acme.ref):
        names = [
            FileVersion.objects.get(file_id=body["id"]).object_name for body in (document, other)
        ]
    link = get_download_url(acme, document)

    forged = site.fetch(link.replace(*names))
    renamed = site.fetch(link.replace("bytes.bin", "bytes.exe"))
    bare = site.fetch(link.partition("?")[0])

    assert names[0] in link
    assert [response.status_code for response in (forged, renamed, bare)] == [403, 403, 403]


def test_download_url_expires(acme: Agency, site: Site, document: dict):
    with tenant_context(acme.ref):
        version = FileVersion.objects.get(file_id=document["id"])
        # Expiry is counted in whole seconds, so a URL for one second may expire at once.
        link = tenant_storage().url(version.object_name, expire=3)
    ends = time.monotonic() + 3

    fresh = site.fetch(link)
    answered = time.monotonic()
    time.sleep(max(0.0, ends + 1.2 - answered))
    late = site.fetch(link)

    # A response that took longer than the lifetime of the URL proves nothing.
    assert fresh.status_code == 200 or answered > ends - 1
    assert late.status_code == 403


def test_download_is_audited(acme: Agency):
    body = add_file(acme.owner.at, "watched.txt")

    acme.owner.at.get(f"/api/files/{body['id']}/download")
    acme.owner.at.get(f"/api/files/{body['id']}/content")

    with tenant_context(acme.ref):
        events = AuditEvent.objects.filter(action="file.downloaded", target_id=body["id"])
        assert [(e.actor_id, e.details) for e in events.order_by("at")] == [
            (acme.owner.id, {"version": 1, "by": "link"}),
            (acme.owner.id, {"version": 1, "by": "content"}),
        ]


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("", 200, 0, 1023),
        ("bytes=0-0", 206, 0, 0),
        ("bytes=0-", 206, 0, 1023),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=1000-5000", 206, 1000, 1023),
        ("bytes=-24", 206, 1000, 1023),
        ("bytes=-5000", 206, 0, 1023),
        ("BYTES=5-6", 206, 5, 6),
        ("bytes=1023-1023", 206, 1023, 1023),
        ("bytes= 5-6", 206, 5, 6),
        ("bytes=0-99999999999999999999", 200, 0, 1023),
        ("bytes=6-5", 200, 0, 1023),
        ("bytes=0-1,5-6", 200, 0, 1023),
        ("bytes=0-1,9999-", 200, 0, 1023),
        ("bytes=-", 200, 0, 1023),
        ("bytes=a-b", 200, 0, 1023),
        ("lines=1-2", 200, 0, 1023),
    ],
)
def test_content_range_is_returned(
    acme: Agency, document: dict, asked: str, status: int, first: int, last: int
):
    headers = {"Range": asked} if asked else {}

    response = acme.owner.at.get(f"/api/files/{document['id']}/content", headers=headers)

    assert (response.status_code, response.content) == (status, DATA[first : last + 1])
    assert response.headers["Content-Length"] == str(last - first + 1)
    expected = f"bytes {first}-{last}/1024" if status == 206 else None
    assert response.headers.get("Content-Range") == expected


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=9999-10000", "bytes=-0"])
def test_range_beyond_the_end_is_refused(acme: Agency, document: dict, asked: str):
    path = f"/api/files/{document['id']}/content"

    response = acme.owner.at.get(path, headers={"Range": asked})

    assert (response.status_code, response.json()["code"]) == (416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == "bytes */1024"


def test_range_of_an_empty_file_is_refused(acme: Agency):
    body = add_file(acme.owner.at, "empty.txt", b"")
    path = f"/api/files/{body['id']}/content"

    whole = acme.owner.at.get(path)
    parts = [
        acme.owner.at.get(path, headers={"Range": asked})
        for asked in ("bytes=0-0", "bytes=0-", "bytes=-1")
    ]

    assert (whole.status_code, whole.content) == (200, b"")
    assert [part.status_code for part in parts] == [416] * 3
    assert {part.headers["Content-Range"] for part in parts} == {"bytes */0"}


def test_content_conditions_are_honoured(acme: Agency, document: dict):
    path = f"/api/files/{document['id']}/content"
    etag = acme.owner.at.get(path).headers["ETag"]

    def ask(**headers: str):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return acme.owner.at.get(path, headers=names)

    known = ask(If_None_Match=etag)
    weak = ask(If_None_Match=f"W/{etag}", Range="bytes=0-9")
    weakly_same = ask(If_Range=f"W/{etag}", Range="bytes=0-9")
    dated = ask(If_Range="Sun, 22 Nov 2026 00:00:00 GMT", Range="bytes=0-9")
    same = ask(If_Range=etag, Range="bytes=0-9")
    changed = ask(If_Range='"other"', Range="bytes=0-9")

    assert (known.status_code, known.content) == (304, b"")
    assert (same.status_code, same.content) == (206, DATA[:10])
    assert weak.status_code == 304
    # RFC 9110, section 13.1.5: strong comparison, and without Last-Modified no date is the same.
    for response in (changed, weakly_same, dated):
        assert (response.status_code, response.content) == (200, DATA)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "/content"])
def test_read_whose_if_match_names_another_content_is_refused(
    acme: Agency, document: dict, path: str, method: str
):
    """A client that reads the ranges of one content gets no bytes of another."""
    at, address = acme.owner.at, f"/api/files/{document['id']}{path}"
    current = at.get(address).headers["ETag"]
    headers = {"Range": "bytes=0-1", "If-None-Match": current}

    refused = at.request(method, address, headers={**headers, "If-Match": '"other"'})
    matched = at.request(method, address, headers={"If-Match": f'"other", {current}'})

    assert refused.status_code == 412
    assert matched.status_code == 200


def test_content_head_returns_the_size_without_body(acme: Agency, document: dict):
    path = f"/api/files/{document['id']}/content"
    ask = acme.owner.at.request

    response = ask("HEAD", path)
    known = ask("HEAD", path, headers={"If-None-Match": response.headers["ETag"]})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == "1024"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert known.status_code == 304


@pytest.mark.parametrize("accept", ["image/png", "application/pdf", "text/html", "*/*"])
def test_content_ignores_the_accept_header(acme: Agency, document: dict, accept: str):
    paths = [f"/api/files/{document['id']}/{tail}" for tail in ("download", "content")]

    statuses = [acme.owner.at.get(path, headers={"Accept": accept}).status_code for path in paths]

    assert statuses == [302, 200]


@pytest.mark.parametrize("asked", ["bytes=0-3", "bytes=999999-", "bytes=-1"])
def test_content_head_ignores_the_range(acme: Agency, document: dict, asked: str):
    path = f"/api/files/{document['id']}/content"

    plain = acme.owner.at.request("HEAD", path)
    ranged = acme.owner.at.request("HEAD", path, headers={"Range": asked})

    assert (plain.status_code, ranged.status_code) == (200, 200)
    assert ranged.headers["Content-Length"] == plain.headers["Content-Length"] == str(len(DATA))
    assert "Content-Range" not in ranged.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["a.bin", "a.jpg"])
def test_content_304_has_the_headers_of_the_200(acme: Agency, method: str, name: str):
    data = b"\xff\xd8\xff\xe0\0\x10JFIF\0" if name.endswith("jpg") else b"\0\1"
    path = f"/api/files/{add_file(acme.owner.at, name, data)['id']}/content"

    full = acme.owner.at.request(method, path)
    known = acme.owner.at.request(method, path, headers={"If-None-Match": full.headers["ETag"]})

    assert (full.status_code, known.status_code) == (200, 304)
    for header in ("ETag", "Cache-Control", "Vary"):
        assert known.headers[header] == full.headers[header]
    assert "Authorization" in known.headers["Vary"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("Application/JSON", 200),
        ("application/json;q=0.5, */*;q=0.1", 200),
        ("application/json;q=0, */*", 302),
        ("application/json-seq", 302),
        ("*/*", 302),
    ],
)
def test_download_url_as_json_requires_accept_json(
    acme: Agency, document: dict, accept: str, status: int
):
    path = f"/api/files/{document['id']}/download"

    response = acme.owner.at.get(path, headers={"Accept": accept})

    assert response.status_code == status
    assert "Accept" in response.headers["Vary"]
