"""The cache of verified signatures: what can change is still checked at every use."""

import time
import uuid
from dataclasses import replace

import pytest

from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.tokens import TenantAccessToken, verify_access_token
from tenants.context import TenantRef, tenant_context

ACME = TenantRef(
    id=uuid.uuid4(),
    slug="acme",
    name="Acme",
    schema_name="t_" + "a" * 32,
    object_prefix="t_" + "a" * 32,
    status="active",
    suspended_reason="",
    registration="closed",
    key_version=1,
)
SESSION = uuid.uuid4()


def token_of(tenant: TenantRef, seconds: float = 60) -> str:
    """Return a token of the session with this lifetime."""
    with tenant_context(tenant):
        token = TenantAccessToken()
        token["sid"], token["exp"] = str(SESSION), int(time.time() + seconds)
        return str(token)


def read_in(tenant: TenantRef, token: str) -> uuid.UUID:
    with tenant_context(tenant):
        return verify_access_token(token)


def test_cached_token_expires_at_its_time():
    token = token_of(ACME, seconds=2)
    assert read_in(ACME, token) == SESSION

    time.sleep(2.1)

    with pytest.raises(TokenExpired):
        read_in(ACME, token)


def test_cached_token_ends_with_its_key_version():
    token = token_of(ACME)
    assert read_in(ACME, token) == SESSION

    with pytest.raises(TokenInvalid):
        read_in(replace(ACME, key_version=2), token)


def test_cached_token_is_invalid_in_another_tenant():
    token = token_of(ACME)
    assert read_in(ACME, token) == SESSION

    with pytest.raises(TokenInvalid):
        read_in(replace(ACME, id=uuid.uuid4(), slug="globex"), token)


def test_changed_signature_is_refused_each_time():
    token = token_of(ACME)
    assert read_in(ACME, token) == SESSION
    head, _, signature = token.rpartition(".")
    forged = f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    for _ in range(2):
        with pytest.raises(TokenInvalid):
            read_in(ACME, forged)
