"""API keys as they are used: on both hosts, confined to scopes, counted, revoked at once."""

import secrets
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, Session, User
from accounts.permissions import SCOPES
from core.text.normalization import timestamp
from tenants.context import tenant_context
from tests.support.accounts.api_keys import READ, TOKEN_INVALID, host_with_key, post_api_key
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, add_member
from tests.support.http_client import Site


@pytest.mark.parametrize("host", ["tenant", "api"])
def test_api_key_scopes_allow_their_routes(site: Site, agency: Agency, host: str):
    key = post_api_key(agency.owner)
    at = site.host("api").with_token(key["key"]) if host == "api" else host_with_key(agency, key)

    assert at.get("/api/files").json() == {"results": [], "next": None, "previous": None}
    lacking = at.post("/api/files", files={"file": ("a.txt", b"a")})
    assert status_and_code(lacking) == (403, "insufficient_scope")
    assert lacking.json()["scope"] == "files:write"
    assert status_and_code(at.get("/api/users/me")) == (403, "insufficient_scope")


def test_api_key_requests_act_as_its_user(agency: Agency):
    key = post_api_key(agency.owner, scopes=["users:read"])

    assert host_with_key(agency, key).get("/api/users/me").json()["id"] == agency.owner.id


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
def test_api_key_is_refused_by_routes_for_sessions(agency: Agency, method: str, path: str):
    key = post_api_key(agency.owner, scopes=list(SCOPES))

    assert status_and_code(host_with_key(agency, key).request(method, path, json={})) == (
        403,
        "insufficient_scope",
    )
    with tenant_context(agency.ref):
        assert Session.objects.filter(ended_at=None).count() == 1


def test_revoked_api_key_is_invalid_at_once(site: Site, agency: Agency):
    key = post_api_key(agency.owner)
    hosts = (host_with_key(agency, key), site.host("api").with_token(key["key"]))
    assert [at.get("/api/files").status_code for at in hosts] == [200, 200]

    assert agency.owner.at.delete(f"/api/keys/{key['id']}").status_code == 204

    assert [status_and_code(at.get("/api/files")) for at in hosts] == [TOKEN_INVALID, TOKEN_INVALID]
    assert status_and_code(agency.owner.at.delete(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert status_and_code(agency.owner.at.get(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert agency.owner.at.get("/api/keys").json()["results"] == []


def test_expired_api_key_says_so(agency: Agency):
    soon = timezone.now() + timedelta(hours=1)
    key = post_api_key(agency.owner, expires_at=timestamp(soon))
    assert host_with_key(agency, key).get("/api/files").status_code == 200

    with tenant_context(agency.ref):
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert status_and_code(host_with_key(agency, key).get("/api/files")) == (401, "token_expired")


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "member"}])
def test_api_key_has_no_more_rights_than_its_user(agency: Agency, change: dict[str, Any]):
    admin = add_member(agency, "ann@x.test", role="admin")
    key = post_api_key(admin)
    assert host_with_key(agency, key).get("/api/files").status_code == 200

    with tenant_context(agency.ref):
        User.objects.filter(pk=admin.id).update(**change)

    assert status_and_code(host_with_key(agency, key).get("/api/files")) == TOKEN_INVALID


def test_api_key_in_another_tenant_is_invalid(site: Site, acme: Agency, globex: Agency):
    key = post_api_key(acme.owner)

    assert status_and_code(globex.host.with_token(key["key"]).get("/api/files")) == TOKEN_INVALID
    assert status_and_code(globex.owner.at.delete(f"/api/keys/{key['id']}")) == (404, "not_found")
    assert status_and_code(globex.owner.at.get(f"/api/keys/{key['id']}")) == (404, "not_found")
    ids = {row["id"] for row in globex.owner.at.get("/api/keys").json()["results"]}
    assert key["id"] not in ids
    assert site.host().with_token(key["key"]).get("/api/tenants").status_code == 401
    acme.owner.at.delete(f"/api/keys/{key['id']}")


def test_api_key_with_another_tenants_id_is_invalid(acme: Agency, globex: Agency):
    """Also with the same row in the other tenant's table: the hash is bound to the tenant."""
    key = post_api_key(acme.owner)
    body = globex.ref.id.hex + key["key"][35:-8]
    forged = f"ak_{body}{zlib.crc32(body.encode()):08x}"
    with tenant_context(acme.ref):
        stolen = ApiKey.objects.get(pk=key["id"])
    with tenant_context(globex.ref):
        stored = ApiKey.objects.create(
            user_id=globex.owner.id, name="p", hint="", hash=stolen.hash, scopes=READ
        )
    try:
        for text in (forged, key["key"]):
            assert status_and_code(globex.host.with_token(text).get("/api/files")) == TOKEN_INVALID
    finally:
        with tenant_context(globex.ref):
            stored.delete()
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
def test_malformed_api_keys_are_invalid(site: Site, agency: Agency, spoil: Callable[[str], Any]):
    text = spoil(post_api_key(agency.owner)["key"])
    sent = text if isinstance(text, bytes) else text.encode()
    header = {"Authorization": b"Bearer " + sent}

    assert status_and_code(agency.host.get("/api/files", headers=header)) == TOKEN_INVALID
    assert site.host("api").get("/api/files", headers=header).status_code == 401


def test_api_key_limit_is_exact(agency: Agency):
    key = post_api_key(agency.owner, requests_per_minute=5)
    other = post_api_key(agency.owner)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: host_with_key(agency, key).get("/api/files"), range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 15
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert '"api_key";q=5;w=60' in limited.headers["RateLimit-Policy"]
    assert int(limited.headers["Retry-After"]) > 0
    assert host_with_key(agency, other).get("/api/files").status_code == 200
    assert agency.owner.at.get("/api/files").status_code == 200


def test_api_key_last_use_is_recorded_to_the_minute(agency: Agency):
    key = post_api_key(agency.owner)
    assert key["last_used_at"] is None

    host_with_key(agency, key).get("/api/files")
    first = agency.owner.at.get(f"/api/keys/{key['id']}").json()
    host_with_key(agency, key).get("/api/files")
    second = agency.owner.at.get(f"/api/keys/{key['id']}").json()

    assert first["last_used_at"] is not None
    assert first["last_used_ip"] == "127.0.0.1"
    assert second["last_used_at"] == first["last_used_at"]
    with tenant_context(agency.ref):
        ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    host_with_key(agency, key).get("/api/files")
    with tenant_context(agency.ref):
        assert timezone.now() - ApiKey.objects.get().last_used_at < timedelta(minutes=1)
