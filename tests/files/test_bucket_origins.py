"""CORS of the bucket: every origin may use a presigned URL, and none may send credentials."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.factories import Agency
from tests.support.files.direct_uploads import UPLOADS, post_upload
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

EVIL = "https://evil.example"


@pytest.fixture
def upload(acme: Agency):
    """An upload of five bytes."""
    begun = post_upload(acme.owner.at, "origins.txt", 5).json()
    yield begun
    acme.owner.at.delete(f"{UPLOADS}/{begun['id']}")


def assert_open_without_credentials(headers) -> None:
    assert headers["access-control-allow-origin"] in {"*", EVIL}
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("asked", ["content-type", "authorization,x-amz-date"])
def test_preflight_of_any_origin_is_allowed_without_credentials(
    site: Site, upload: dict[str, Any], asked: str
):
    sent = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": asked,
    }

    answer = site.fetch(upload["urls"][0], "OPTIONS", headers=sent)

    assert answer.status_code in {200, 204}
    assert_open_without_credentials(answer.headers)


def test_presigned_url_works_from_any_origin_and_a_cookie_does_not_count(
    site: Site, upload: dict[str, Any]
):
    sent = {**upload.get("headers", {}), "Origin": EVIL, "Cookie": "aggios=anything"}

    put = site.fetch(upload["urls"][0], "PUT", content=b"12345", headers=sent)

    assert put.status_code == 200
    assert_open_without_credentials(put.headers)
    assert "set-cookie" not in put.headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_request_without_a_signature_is_refused_from_every_origin(
    site: Site, acme: Agency, method: str
):
    file = add_file(acme.owner.at, "signed.txt", b"secret")
    url = acme.owner.at.get(
        f"/api/files/{file['id']}/download", headers={"Accept": "application/json"}
    ).json()["url"]
    parts = urlsplit(url)
    bare = f"{parts.scheme}://{parts.netloc}{parts.path}"

    for origin in (EVIL, f"http://acme.aggios.localhost:{site.port}"):
        sent = {"Origin": origin, "Cookie": "aggios=anything"}
        answer = site.fetch(
            bare, method, headers=sent, **({"content": b"x"} if method == "PUT" else {})
        )
        assert answer.status_code in {403, 405}
        assert b"secret" not in answer.content
        assert "access-control-allow-credentials" not in answer.headers
    assert site.fetch(url).content == b"secret"
    acme.owner.at.delete(f"/api/files/{file['id']}")
