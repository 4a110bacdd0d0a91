"""A repeated request for an upload returns URLs only while the upload is open."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from files.models import Upload
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.direct_uploads import UPLOADS, post_complete, put_content
from tests.support.http_client import Site

KEY = {"Idempotency-Key": "once"}
End = Callable[[Site, Agency, dict[str, Any]], object]


def complete(site: Site, agency: Agency, begun: dict[str, Any]) -> None:
    put_content(site, begun, b"good")
    assert post_complete(agency.owner.at, begun).status_code == 201


def purge(site: Site, agency: Agency, begun: dict[str, Any]) -> None:
    put_content(site, begun, b"good")
    file = post_complete(agency.owner.at, begun).json()["id"]
    for place in ("files", "trash"):
        assert agency.owner.at.delete(f"/api/{place}/{file}").status_code == 204


def abort(site: Site, agency: Agency, begun: dict[str, Any]) -> None:
    assert agency.owner.at.delete(f"{UPLOADS}/{begun['id']}").status_code == 204


def expire(site: Site, agency: Agency, begun: dict[str, Any]) -> None:
    with tenant_context(agency.ref):
        Upload.objects.filter(pk=begun["id"]).update(expires_at=timezone.now())


def verify(site: Site, agency: Agency, begun: dict[str, Any]) -> None:
    with tenant_context(agency.ref):
        Upload.objects.filter(pk=begun["id"]).update(verify_at=timezone.now())


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (complete, "upload_completed"),
        (purge, "idempotent_result_gone"),
        (abort, "upload_ended"),
        (expire, "upload_ended"),
        (verify, "upload_verifying"),
    ],
)
def test_repeated_request_for_an_ended_upload_returns_no_urls(
    site: Site, new_agency: Callable[..., Agency], end: End, code: str
):
    agency = new_agency()
    body = {"name": "a.bin", "size": 4}
    first = agency.owner.at.post(UPLOADS, body, headers=KEY).json()

    while_open = agency.owner.at.post(UPLOADS, body, headers=KEY)
    end(site, agency, first)
    ended = agency.owner.at.post(UPLOADS, body, headers=KEY)

    assert (while_open.status_code, while_open.json()["id"]) == (201, first["id"])
    assert (ended.status_code, ended.json()["code"]) == (409, code)
    assert "urls" not in ended.json()
