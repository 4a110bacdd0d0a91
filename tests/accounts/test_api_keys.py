"""Management of API keys: created, shown once, listed, audited."""

import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey, Session
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.api_keys import READ, TOKEN_INVALID, host_with_key, post_api_key
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, add_member


def test_api_key_text_is_shown_once(agency: Agency):
    answer = agency.owner.at.post("/api/keys", {"name": "ci", "scopes": ["files:read"]})
    key = answer.json()

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Location"] == f"/api/keys/{key['id']}"
    assert re.fullmatch(r"ak_[0-9a-f]{104}", key["key"])
    assert key["key"].endswith(key["hint"])
    listed = agency.owner.at.get("/api/keys").json()["results"]
    shown = {name: value for name, value in key.items() if name != "key"}
    assert listed == [shown]
    assert agency.owner.at.get(f"/api/keys/{key['id']}").json() == shown
    assert key["created_by"] == {"id": agency.owner.id, "email": agency.owner.email}


def test_api_key_is_stored_as_keyed_hash(agency: Agency):
    key = post_api_key(agency.owner)

    with tenant_context(agency.ref), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM accounts_apikey k")
        row = cursor.fetchone()[0]
        cursor.execute("SELECT sha256(%s) = hash FROM accounts_apikey", [key["key"].encode()])
        assert cursor.fetchone() == (False,)
    assert key["key"] not in row
    assert key["key"][3:] not in row


def test_api_key_changes_are_audited(agency: Agency):
    key = post_api_key(agency.owner, scopes=["files:write"])
    answer = host_with_key(agency, key).post("/api/files", files={"file": ("a.txt", b"a")})
    agency.owner.at.delete(f"/api/keys/{key['id']}")

    assert answer.status_code == 201
    with tenant_context(agency.ref):
        of_key = AuditEvent.objects.filter(target_id=key["id"]).order_by("at")
        verbs = [(event.action, event.actor_id) for event in of_key]
        stored = AuditEvent.objects.get(action="file.uploaded")
        texts = [str(event.details) for event in AuditEvent.objects.all()]
    assert verbs == [
        ("api_key.created", agency.owner.id),
        ("api_key.revoked", agency.owner.id),
    ]
    assert stored.details["api_key"] == key["id"]
    assert stored.actor_id == agency.owner.id
    assert not any(key["key"] in text for text in texts)


def test_member_cannot_create_or_list_api_keys(agency: Agency):
    post_api_key(agency.owner)
    ben = add_member(agency, "ben@x.test")

    for answer in (
        ben.at.get("/api/keys"),
        ben.at.post("/api/keys", {"name": "x", "scopes": READ}),
    ):
        assert status_and_code(answer) == (403, "permission_denied")


def test_administrator_revokes_api_key_of_another_user(agency: Agency):
    key = post_api_key(agency.owner)
    admin = add_member(agency, "ann@x.test", role="admin")

    assert admin.at.delete(f"/api/keys/{key['id']}").status_code == 204
    assert status_and_code(host_with_key(agency, key).get("/api/files")) == TOKEN_INVALID


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ""}, ("name", "blank")),
        ({"name": "x" * 101}, ("name", "max_length")),
        ({"name": "a\x00b"}, ("name", "null_characters_not_allowed")),
        ({"scopes": []}, ("scopes", "min_length")),
        ({"scopes": ["keys:write"]}, ("scopes.0", "invalid_choice")),
        ({"scopes": "files:read"}, ("scopes", "not_a_list")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("expires_at", "past")),
        ({"expires_at": "soon"}, ("expires_at", "invalid")),
        ({"requests_per_minute": 0}, ("requests_per_minute", "min_value")),
    ],
)
def test_invalid_fields_are_named(agency: Agency, fields: dict[str, Any], fault: tuple[str, str]):
    answer = agency.owner.at.post("/api/keys", {"name": "x", "scopes": READ, **fields})

    assert fault in field_errors(answer)
    with tenant_context(agency.ref):
        assert not ApiKey.objects.exists()


def test_api_key_creation_needs_recent_authentication(agency: Agency):
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

    answer = agency.owner.at.post("/api/keys", {"name": "x", "scopes": READ})

    assert status_and_code(answer) == (403, "proof_required")


def test_repeated_creation_returns_the_same_api_key(agency: Agency):
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"name": "ci", "scopes": READ}
    first, again = (agency.owner.at.post("/api/keys", body, headers=headers) for _ in range(2))

    assert again.json() == first.json()
    with tenant_context(agency.ref):
        assert ApiKey.objects.count() == 1


def test_api_key_list_has_pages(agency: Agency):
    ids = [post_api_key(agency.owner, name=f"key {number}")["id"] for number in range(5)]

    first = agency.owner.at.get("/api/keys?limit=3").json()
    path = first["next"].partition(f":{agency.owner.at.port}")[2]
    second = agency.owner.at.get(path).json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids[::-1]
    assert second["next"] is None
