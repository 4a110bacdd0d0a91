"""Tokens that a library might accept: algorithms, headers, sizes, types and times."""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from accounts.sessions.tokens import MAX_TOKEN_LENGTH
from tenants.signing_keys import current_key_id, signing_key
from tests.support.accounts.sessions import ME, refresh, refusal_reason, session_row
from tests.support.accounts.tokens import jwt_segment, status_and_code, token_claims, token_header
from tests.support.factories import Agency
from tests.support.http_client import Host, Site

INVALID = (401, "token_invalid")


def signed(agency: Agency, token: str, *, headers: dict | None = None, **changes: object) -> str:
    """Return a token of the agency with other claims or header fields, signed with its key."""
    kid = {"kid": str(current_key_id(agency.ref)), **(headers or {})}
    return jwt.encode(
        {**token_claims(token), **changes}, signing_key(agency.ref), "HS256", headers=kid
    )


def with_header(token: str, **fields: object) -> str:
    """Return a token with other header fields and the former signature."""
    _, payload, signature = token.split(".")
    return f"{jwt_segment({**token_header(token), **fields})}.{payload}.{signature}"


def everywhere(agency: Agency, site: Site, token: str) -> set[tuple[int, str]]:
    """Return a token's refusals as access and refresh token, on the tenant's host and on api."""
    hosts: list[Host] = [agency.host, site.host("api")]
    shown = [host.with_token(token).get(ME) for host in hosts]
    sent = [refresh(host, token) for host in hosts]
    return {status_and_code(answer) for answer in [*shown, *sent]}


def test_token_of_another_type_is_refused(agency: Agency):
    assert status_and_code(agency.host.with_token(agency.owner.refresh_token).get(ME)) == INVALID
    assert status_and_code(refresh(agency.host, agency.owner.access_token)) == INVALID
    relabelled = signed(agency, agency.owner.refresh_token, token_type="access")
    assert agency.host.with_token(relabelled).get(ME).status_code == 200  # who signs, decides
    assert session_row(agency).ended_at is None


def test_asymmetric_algorithm_is_refused(agency: Agency, site: Site):
    """RS256 with its public key used as a secret: the server chooses the algorithm."""
    key = rsa.generate_private_key(65537, 2048)
    kid = {"kid": str(current_key_id(agency.ref))}
    token = jwt.encode(token_claims(agency.owner.access_token), key, "RS256", headers=kid)

    assert everywhere(agency, site, token) == {INVALID}


@pytest.mark.parametrize(
    "fields",
    [
        {"alg": "none"},
        {"alg": None},
        {"alg": ["HS256"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"kid": None},
        {"kid": ["x"]},
        {"kid": "../../etc/passwd"},
        {"kid": "' OR 1=1 --"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jku": "http://127.0.0.1/keys"},
        {"x5u": "http://127.0.0.1/keys"},
    ],
    ids=str,
)
def test_changed_header_is_refused(agency: Agency, site: Site, fields: dict):
    for token in (agency.owner.access_token, agency.owner.refresh_token):
        assert everywhere(agency, site, with_header(token, **fields)) == {INVALID}
    assert session_row(agency).ended_at is None


def test_unknown_critical_header_is_refused(agency: Agency):
    """RFC 7515 section 4.1.11, also if the tenant's own key signed it."""
    token = signed(agency, agency.owner.access_token, headers={"crit": ["x-new"], "x-new": 1})

    assert status_and_code(agency.host.with_token(token).get(ME)) == INVALID


def test_token_with_another_tenants_key_is_refused(agency: Agency, globex: Agency, site: Site):
    """A token of globex's key that names our key, and ours that names theirs."""
    body = token_claims(agency.owner.access_token)
    for key, kid in ((globex.ref, agency.ref), (agency.ref, globex.ref)):
        token = jwt.encode(
            body, signing_key(key), "HS256", headers={"kid": str(current_key_id(kid))}
        )
        assert status_and_code(agency.host.with_token(token).get(ME)) == INVALID
        assert status_and_code(globex.host.with_token(token).get(ME)) == INVALID


def test_huge_or_deep_token_is_refused(agency: Agency, site: Site):
    good = agency.owner.access_token
    head, payload, signature = good.split(".")
    deep = "[" * 900 + "]" * 900
    for token in (
        signed(agency, good, more="x" * MAX_TOKEN_LENGTH),
        f"{jwt_segment(deep)}.{payload}.{signature}",
        f"{head}.{jwt_segment(json.loads(deep))}.{signature}",
        ".".join([good] * 3),
        f"{good}.{signature}",
        good[:-1],
        "." * 4000,
    ):
        assert status_and_code(agency.host.with_token(token).get(ME)) == INVALID
        assert refresh(agency.host, token).status_code in {400, 401}
    assert agency.owner.at.get(ME).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"exp": 3600}, 200),
        ({"exp": 10**30}, 401),
        ({"exp": -1}, 401),
        ({"exp": None}, 401),
        ({"exp": "9999999999"}, 401),
        ({"nbf": 3600}, 401),
        ({"iat": 3600}, 401),
    ],
    ids=["expires later", "never", "past", "without exp", "text", "not yet", "issued later"],
)
def test_token_times_are_enforced(agency: Agency, changes: dict, status: int):
    """No leeway: a token that is not valid yet, or has expired, is refused.

    3600 is an hour from now: a suite may run for longer after its collection.
    """
    times = {k: int(time.time()) + v if v == 3600 else v for k, v in changes.items()}
    token = signed(agency, agency.owner.access_token, **times)

    assert agency.host.with_token(token).get(ME).status_code == status


def test_end_reason_is_only_in_the_problem(agency: Agency):
    agency.owner.at.post("/api/auth/logout")

    answer = agency.owner.at.get(ME)

    assert refusal_reason(answer) == "logout"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="aggios", error="invalid_token"'
