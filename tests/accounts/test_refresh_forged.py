"""Refresh tokens that are forged, foreign, expired or malformed."""

import time

import jwt
import pytest

from tenants.signing_keys import current_key_id, signing_key
from tests.accounts.test_refresh import refresh, session_of
from tests.support.accounts.tokens import jwt_segment, status_and_code, token_claims, token_header
from tests.support.factories import Agency
from tests.support.http_client import Site


def forge(agency: Agency, key: str | None = None, algorithm: str = "HS256", **changes: object):
    """Return a refresh token of the agency with other claims, signed with its key or another."""
    body = {**token_claims(agency.owner.refresh_token), **changes}
    kid = {"kid": str(current_key_id(agency.ref))}
    return jwt.encode(body, key or signing_key(agency.ref), algorithm=algorithm, headers=kid)


def test_expired_token_is_refused(agency: Agency):
    answer = refresh(agency.host, forge(agency, exp=int(time.time()) - 10))

    assert status_and_code(answer) == (401, "token_expired")


def test_signed_token_that_was_never_issued_ends_the_session(agency: Agency):
    """Such a token needs the tenant's key, so the session is not trusted any more."""
    answer = refresh(agency.host, forge(agency, jti="made up"))

    assert status_and_code(answer) == (401, "token_reused")


@pytest.mark.parametrize("kind", ["none", "other key", "other algorithm", "bits", "access", "junk"])
def test_invalid_tokens_are_refused(agency: Agency, kind: str):
    good = agency.owner.refresh_token
    head, payload, signature = good.split(".")
    forged = {
        "none": f"{jwt_segment({'alg': 'none', 'kid': token_header(good)['kid']})}.{payload}.",
        "other key": forge(agency, key="0" * 64),
        "other algorithm": forge(agency, algorithm="HS512"),
        "bits": f"{head}.{payload}.{signature[:-3]}{'AAA' if signature[-3:] != 'AAA' else 'BBB'}",
        "access": agency.owner.access_token,
        "junk": "a.b.c",
    }[kind]

    assert status_and_code(refresh(agency.host, forged)) == (401, "token_invalid")
    assert session_of(agency).ended_at is None
    assert refresh(agency.host, good).status_code == 200


@pytest.mark.parametrize("token", ["[" * 3000, "é.é.é", "x" * 4096, "..", "a\x00b", "\u2028"])
def test_junk_is_refused_without_error_log(agency: Agency, site: Site, token: str):
    deep = jwt_segment("x") + "." + token
    for host in (agency.host, site.host("api")):
        for text in (token, deep[:4096]):
            assert refresh(host, text).status_code in {400, 401}


@pytest.mark.parametrize("value", [None, 1, [], {}, "", True])
def test_values_that_are_no_text_are_refused(agency: Agency, value: object):
    assert refresh(agency.host, value).status_code in {400, 401}


def test_another_tenants_token_is_refused(agency: Agency, globex: Agency):
    answer = refresh(globex.host, agency.owner.refresh_token)

    assert status_and_code(answer) == (401, "token_invalid")
    assert session_of(agency).ended_at is None
