"""API keys: made, used on both hosts, confined to scopes, counted, revoked at once."""

import re
import secrets
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actions import SCOPES
from accounts.models import ApiKey, Session, User
from audit.models import AuditEvent
from core.timestamps import timestamp
from tenants.context import tenant_context
from tests.accounts.bodies import faults, refusal
from tests.cast import Agency, Person, join
from tests.site import Host, Site

DEAD = (401, "token_invalid")
READ = ["files:read"]


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def made(person: Person, **fields: Any) -> dict[str, Any]:
    answer = person.at.post("/api/keys", {"name": "ci", "scopes": READ, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


def asking(agency: Agency, key: dict[str, Any]) -> Host:
    return agency.host.with_token(key["key"])


def test_a_key_is_shown_once(agency: Agency):
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


def test_only_a_keyed_hash_is_stored(agency: Agency):
    key = made(agency.owner)

    with tenant_context(agency.ref), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM accounts_apikey k")
        row = cursor.fetchone()[0]
        cursor.execute("SELECT sha256(%s) = hash FROM accounts_apikey", [key["key"].encode()])
        assert cursor.fetchone() == (False,)
    assert key["key"] not in row
    assert key["key"][3:] not in row


def test_what_is_done_with_keys_is_recorded(agency: Agency):
    key = made(agency.owner, scopes=["files:write"])
    answer = asking(agency, key).post("/api/files", files={"file": ("a.txt", b"a")})
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


@pytest.mark.parametrize("host", ["tenant", "api"])
def test_it_opens_what_its_scopes_name(site: Site, agency: Agency, host: str):
    key = made(agency.owner)
    at = site.host("api").with_token(key["key"]) if host == "api" else asking(agency, key)

    assert at.get("/api/files").json() == {"results": [], "next": None, "previous": None}
    lacking = at.post("/api/files", files={"file": ("a.txt", b"a")})
    assert refusal(lacking) == (403, "insufficient_scope")
    assert lacking.json()["scope"] == "files:write"
    assert refusal(at.get("/api/users/me")) == (403, "insufficient_scope")


def test_it_says_whose_it_is(agency: Agency):
    key = made(agency.owner, scopes=["users:read"])

    assert asking(agency, key).get("/api/users/me").json()["id"] == agency.owner.id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/keys"),
        ("POST", "/api/keys"),
        ("PATCH", "/api/users/me"),
        ("POST", "/api/auth/logout"),
        ("POST", "/api/auth/logout-all"),
    ],
)
def test_what_is_for_people_it_never_opens(agency: Agency, method: str, path: str):
    key = made(agency.owner, scopes=list(SCOPES))

    assert refusal(asking(agency, key).request(method, path, json={})) == (
        403,
        "insufficient_scope",
    )
    with tenant_context(agency.ref):
        assert Session.objects.filter(ended_at=None).count() == 1


def test_revoked_it_is_dead_at_once(site: Site, agency: Agency):
    key = made(agency.owner)
    hosts = (asking(agency, key), site.host("api").with_token(key["key"]))
    assert [at.get("/api/files").status_code for at in hosts] == [200, 200]

    assert agency.owner.at.delete(f"/api/keys/{key['id']}").status_code == 204

    assert [refusal(at.get("/api/files")) for at in hosts] == [DEAD, DEAD]
    assert refusal(agency.owner.at.delete(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert refusal(agency.owner.at.get(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert agency.owner.at.get("/api/keys").json()["results"] == []


def test_expired_it_says_so(agency: Agency):
    soon = timezone.now() + timedelta(hours=1)
    key = made(agency.owner, expires_at=timestamp(soon))
    assert asking(agency, key).get("/api/files").status_code == 200

    with tenant_context(agency.ref):
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refusal(asking(agency, key).get("/api/files")) == (401, "token_expired")


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "member"}])
def test_it_does_no_more_than_its_person(agency: Agency, change: dict[str, Any]):
    admin = join(agency, "ann@x.test", role="admin")
    key = made(admin)
    assert asking(agency, key).get("/api/files").status_code == 200

    with tenant_context(agency.ref):
        User.objects.filter(pk=admin.id).update(**change)

    assert refusal(asking(agency, key).get("/api/files")) == DEAD


def test_a_member_makes_and_sees_none(agency: Agency):
    made(agency.owner)
    ben = join(agency, "ben@x.test")

    for answer in (
        ben.at.get("/api/keys"),
        ben.at.post("/api/keys", {"name": "x", "scopes": READ}),
    ):
        assert refusal(answer) == (403, "permission_denied")


def test_an_administrator_revokes_what_another_made(agency: Agency):
    key = made(agency.owner)
    admin = join(agency, "ann@x.test", role="admin")

    assert admin.at.delete(f"/api/keys/{key['id']}").status_code == 204
    assert refusal(asking(agency, key).get("/api/files")) == DEAD


def test_another_tenant_has_nothing_of_it(site: Site, acme: Agency, globex: Agency):
    key = made(acme.owner)

    assert refusal(globex.host.with_token(key["key"]).get("/api/files")) == DEAD
    assert refusal(globex.owner.at.delete(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert refusal(globex.owner.at.get(f"/api/keys/{key['id']}")) == (404, "not_found")
    ids = {row["id"] for row in globex.owner.at.get("/api/keys").json()["results"]}
    assert key["id"] not in ids
    assert site.host().with_token(key["key"]).get("/api/tenants").status_code == 401
    acme.owner.at.delete(f"/api/keys/{key['id']}")


def test_copied_with_another_tenants_id_it_opens_nothing(acme: Agency, globex: Agency):
    """Even where the very row is in the other tenant's table: the hash is bound to the tenant."""
    key = made(acme.owner)
    body = globex.ref.id.hex + key["key"][35:-8]
    forged = f"ak_{body}{zlib.crc32(body.encode()):08x}"
    with tenant_context(acme.ref):
        stolen = ApiKey.objects.get(pk=key["id"])
    with tenant_context(globex.ref):
        planted = ApiKey.objects.create(
            user_id=globex.owner.id, name="p", hint="", hash=stolen.hash, scopes=READ
        )
    try:
        for text in (forged, key["key"]):
            assert refusal(globex.host.with_token(text).get("/api/files")) == DEAD
    finally:
        with tenant_context(globex.ref):
            planted.delete()
        acme.owner.at.delete(f"/api/keys/{key['id']}")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key.upper(),
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: f"ak_{secrets.token_hex(52)}",
        lambda key: "ak_",
        lambda key: "ak_" + "9" * 5000,
        lambda key: key.replace("a", "\N{FULLWIDTH LATIN SMALL LETTER A}").encode(),
    ],
)
def test_what_is_no_key_opens_nothing(site: Site, agency: Agency, spoil: Callable[[str], Any]):
    text = spoil(made(agency.owner)["key"])
    sent = text if isinstance(text, bytes) else text.encode()
    header = {"Authorization": b"Bearer " + sent}

    assert refusal(agency.host.get("/api/files", headers=header)) == DEAD
    assert site.host("api").get("/api/files", headers=header).status_code == 401


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
def test_fields_that_are_wrong(agency: Agency, fields: dict[str, Any], fault: tuple[str, str]):
    answer = agency.owner.at.post("/api/keys", {"name": "x", "scopes": READ, **fields})

    assert fault in faults(answer)
    with tenant_context(agency.ref):
        assert not ApiKey.objects.exists()


def test_an_old_proof_makes_no_key(agency: Agency):
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

    answer = agency.owner.at.post("/api/keys", {"name": "x", "scopes": READ})

    assert refusal(answer) == (403, "proof_required")


def test_sent_again_it_is_the_same_key(agency: Agency):
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"name": "ci", "scopes": READ}
    first, again = (agency.owner.at.post("/api/keys", body, headers=headers) for _ in range(2))

    assert again.json() == first.json()
    with tenant_context(agency.ref):
        assert ApiKey.objects.count() == 1


def test_its_own_limit_is_exact(agency: Agency):
    key = made(agency.owner, requests_per_minute=5)
    other = made(agency.owner)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: asking(agency, key).get("/api/files"), range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 15
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert '"api_key";q=5;w=60' in limited.headers["RateLimit-Policy"]
    assert int(limited.headers["Retry-After"]) > 0
    assert asking(agency, other).get("/api/files").status_code == 200
    assert agency.owner.at.get("/api/files").status_code == 200


def test_its_last_use_is_known_to_the_minute(agency: Agency):
    key = made(agency.owner)
    assert key["last_used_at"] is None

    asking(agency, key).get("/api/files")
    first = agency.owner.at.get(f"/api/keys/{key['id']}").json()
    asking(agency, key).get("/api/files")
    second = agency.owner.at.get(f"/api/keys/{key['id']}").json()

    assert first["last_used_at"] is not None
    assert first["last_used_ip"] == "127.0.0.1"
    assert second["last_used_at"] == first["last_used_at"]
    with tenant_context(agency.ref):
        ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    asking(agency, key).get("/api/files")
    with tenant_context(agency.ref):
        assert timezone.now() - ApiKey.objects.get().last_used_at < timedelta(minutes=1)


def test_pages(agency: Agency):
    ids = [made(agency.owner, name=f"key {number}")["id"] for number in range(5)]

    first = agency.owner.at.get("/api/keys?limit=3").json()
    path = first["next"].partition(f":{agency.owner.at.port}")[2]
    second = agency.owner.at.get(path).json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids[::-1]
    assert second["next"] is None
