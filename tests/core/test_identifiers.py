"""UUIDs from clients: read in any case, stored in lower case (RFC 9562, section 4)."""

import secrets

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import UUIDConverter

from core.api.identifiers import canonical_id
from core.api.path_converters import IdConverter
from tests.support.factories import Agency

UUID = "0192f0c1-7e2b-7c3d-8abc-0123456789ab"


def converters(resolver: URLResolver) -> list[object]:
    """Return the converters of every route below a resolver."""
    found: list[object] = []
    for pattern in resolver.url_patterns:
        found += getattr(pattern.pattern, "converters", {}).values()
        if not isinstance(pattern, URLPattern):
            found += converters(pattern)
    return found


@pytest.mark.parametrize("kind", settings.SITE_URLCONFS)
def test_routes_accept_ids_in_any_case(kind: str):
    found = converters(get_resolver(settings.SITE_URLCONFS[kind]))

    uuids = [one for one in found if isinstance(one, UUIDConverter)]
    assert all(isinstance(one, IdConverter) for one in uuids)
    assert uuids or kind == "dash"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (UUID, UUID),
        (UUID.upper(), UUID),
        ("7", "7"),
        ("Ab", "Ab"),
        (f"{UUID.upper()}0",) * 2,
        ("",) * 2,
    ],
)
def test_identifier_in_any_case_is_canonical(text: str, canonical: str):
    assert canonical_id(text) == canonical


@pytest.mark.parametrize("name", ["actor", "target"])
def test_events_by_upper_case_id_are_found(acme: Agency, name: str):
    ada = acme.owner
    plain, found = (
        ada.at.get(f"/api/audit?{name}={text}&limit=3").json()["results"]
        for text in (ada.id, ada.id.upper())
    )

    assert [event["id"] for event in found] == [event["id"] for event in plain]
    assert plain


def test_idempotency_key_ignores_case_of_ids(acme: Agency):
    ada = acme.owner.at
    file = ada.post("/api/files", files={"file": (f"{secrets.token_hex(6)}.txt", b"x")}).json()
    key = {"Idempotency-Key": secrets.token_hex(16)}

    first, again = (
        ada.post(f"/api/files/{text}/shares", {}, headers=key)
        for text in (file["id"], file["id"].upper())
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
