"""Access tokens: signing key, validity, and rotation of secrets."""

import time
import uuid

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.authentication import authenticate_session
from accounts.models import Session, User
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.tokens import (
    _verify_cached,
    access_token,
    token_backend,
    verify_access_token,
)
from tenants.context import tenant_context
from tenants.signing_keys import current_key_id, parse_key_id, signing_key, verifying_keys
from tests.support.accounts.tokens import jwt_segment, status_and_code, token_claims, token_header
from tests.support.factories import Agency
from tests.support.http_client import Site

ME = "/api/users/me"


def signed(agency: Agency, *, key: str = "", kid: str = "", alg: str = "HS256", **changes) -> str:
    """Return Ada's access token with other claims, signed again."""
    body = {**token_claims(agency.owner.access_token), **changes}
    headers = {"kid": kid or str(current_key_id(agency.ref))}
    return jwt.encode(body, key or signing_key(agency.ref), algorithm=alg, headers=headers)


def test_access_token_has_the_documented_claims(agency: Agency):
    token = agency.owner.access_token
    wanted = {"user_id", "email", "tenant_id", "exp", "iat", "jti", "sid", "token_type"}

    assert set(token_claims(token)) == wanted
    assert token_header(token) == {"alg": "HS256", "typ": "JWT", "kid": f"{agency.ref.id.hex}.1"}
    assert token_claims(token)["tenant_id"] == agency.slug


def test_token_signed_again_with_the_same_key_is_valid(agency: Agency):
    """The refusals below are therefore caused by the changed claims."""
    assert agency.host.with_token(signed(agency)).get(ME).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": int(time.time()) - 10}, "token_expired"),
        ({"sid": str(uuid.uuid4())}, "token_invalid"),
        ({"sid": "x"}, "token_invalid"),
        ({"sid": None}, "token_invalid"),
        ({"token_type": "refresh"}, "token_invalid"),
        ({"token_type": None}, "token_invalid"),
        ({"exp": "never"}, "token_invalid"),
        ({"key": "0" * 64}, "token_invalid"),
        ({"kid": f"{'0' * 32}.1"}, "token_invalid"),
        ({"kid": "x"}, "token_invalid"),
        ({"alg": "HS512"}, "token_invalid"),
        ({"alg": "HS384"}, "token_invalid"),
    ],
)
def test_tampered_tokens_are_refused(agency: Agency, changes: dict, code: str):
    answer = agency.host.with_token(signed(agency, **changes)).get(ME)

    assert status_and_code(answer) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "RS256", "HS256 "])
def test_unsigned_token_is_refused(agency: Agency, site: Site, name: str):
    _, payload, signature = agency.owner.access_token.split(".")
    head = jwt_segment(
        {"alg": name, "typ": "JWT", "kid": token_header(agency.owner.access_token)["kid"]}
    )

    for token in (f"{head}.{payload}.", f"{head}.{payload}.{signature}"):
        for host in (agency.host, site.host("api")):
            assert status_and_code(host.with_token(token).get(ME)) == (401, "token_invalid")


def test_token_with_equal_ids_is_invalid_in_another_tenant(agency: Agency, globex: Agency):
    """The same user id and session id, active in both tenants."""
    sid = token_claims(agency.owner.access_token)["sid"]
    with tenant_context(agency.ref):
        user, session = User.objects.get(), Session.objects.get()
    with tenant_context(globex.ref):
        user.save(force_insert=True)
        session.save(force_insert=True)
        assert authenticate_session(uuid.UUID(sid)).user.email == agency.owner.email
    try:
        foreign = globex.host.with_token(agency.owner.access_token).get(ME)
        resigned = globex.host.with_token(signed(agency, kid=str(current_key_id(globex.ref)))).get(
            ME
        )
    finally:
        with tenant_context(globex.ref):
            User.objects.filter(pk=user.pk).delete()

    assert status_and_code(foreign) == status_and_code(resigned) == (401, "token_invalid")


def test_token_on_api_finds_its_tenant(site: Site, agency: Agency, globex: Agency):
    api = site.host("api")
    for one in (agency, globex):
        assert api.with_token(one.owner.access_token).get(ME).json()["id"] == one.owner.id

    lying = signed(agency, kid=str(current_key_id(globex.ref)))
    assert status_and_code(api.with_token(lying).get(ME)) == (401, "token_invalid")
    unknown = signed(agency, kid=f"{uuid.uuid4().hex}.1")
    assert status_and_code(api.with_token(unknown).get(ME)) == (401, "token_invalid")


@pytest.mark.parametrize("label", ["", "dash", "admin"])
def test_token_on_central_hosts_is_refused(site: Site, acme: Agency, label: str):
    answer = site.host(label).with_token(acme.owner.access_token).get(ME)

    assert status_and_code(answer) == (404, "not_found")


def test_authenticated_request_needs_two_statements(agency: Agency):
    """The switch into the tenant, and one query for session and user."""
    connection.verify_before_use()
    with tenant_context(agency.ref), CaptureQueriesContext(connection) as seen:
        authenticate_session(verify_access_token(agency.owner.access_token))

    assert len(seen.captured_queries) == 2


def test_new_key_version_has_another_key(agency: Agency):
    from dataclasses import replace

    ref = agency.ref
    raised = replace(ref, key_version=2)

    assert signing_key(ref) != signing_key(raised)
    assert signing_key(ref) != signing_key(ref, purpose="refresh")
    with tenant_context(raised), pytest.raises(TokenInvalid):
        verify_access_token(agency.owner.access_token)


@pytest.mark.parametrize(
    "text", ["", "x", "a.b", "0" * 32, f"{'g' * 32}.1", f"{'0' * 32}.", "." * 9]
)
def test_invalid_key_ids_are_refused(text: str):
    assert parse_key_id(text) is None


def clear_key_caches() -> None:
    """Clear the caches that a process keeps of its keys."""
    token_backend.cache_clear()
    _verify_cached.cache_clear()


def test_master_secret_rotation_accepts_former_tokens(agency: Agency, settings):
    old, ref = agency.owner.access_token, agency.ref
    settings.TOKEN_MASTER_SECRET_PREVIOUS = settings.TOKEN_MASTER_SECRET
    settings.TOKEN_MASTER_SECRET = "n" * 64
    clear_key_caches()
    try:
        with tenant_context(ref):
            session = authenticate_session(verify_access_token(old))
            new = access_token(session, session.user)
            assert verify_access_token(new) == session.id
            assert len(verifying_keys(ref)) == 2
            late = jwt.encode(
                {**token_claims(old), "exp": 1}, verifying_keys(ref)[1], headers=token_header(old)
            )
            with pytest.raises(TokenExpired):
                verify_access_token(late)
            settings.TOKEN_MASTER_SECRET_PREVIOUS = ""
            clear_key_caches()
            with pytest.raises(TokenInvalid):
                verify_access_token(old)
            assert verify_access_token(new) == session.id
    finally:
        clear_key_caches()
    assert agency.host.with_token(new).get(ME).status_code == 401
