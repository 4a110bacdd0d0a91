"""Entity tags on rows that users end or revoke: shown, checked by DELETE, and 304 on GET."""

import secrets

import pytest

from tests.support.accounts.sessions import open_another_session, session_id
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import Host


def a_key(agency: Agency) -> str:
    key = agency.owner.at.post("/api/keys", {"name": "ci", "scopes": ["files:read"]})
    assert key.headers["ETag"].startswith('"')
    return f"/api/keys/{key.json()['id']}"


def a_session(agency: Agency) -> str:
    return f"/api/auth/sessions/{session_id(open_another_session(agency)['access_token'])}"


def a_domain(agency: Agency) -> str:
    body = {"domain": f"files.{secrets.token_hex(6)}.example"}
    claimed = agency.owner.at.post("/api/tenant/domains", body)
    assert claimed.headers["ETag"].startswith('"')
    return f"/api/tenant/domains/{claimed.json()['id']}"


def an_invitation(agency: Agency) -> str:
    made = agency.owner.at.post("/api/invitations", {"max_uses": 2})
    return f"/api/invitations/{made.json()['id']}"


KINDS = {"key": a_key, "session": a_session, "domain": a_domain, "invitation": an_invitation}


def ends(at: Host, path: str, etag: str):
    return at.request("DELETE", path, headers={"If-Match": etag})


@pytest.mark.parametrize("kind", KINDS)
def test_delete_requires_the_current_etag(agency: Agency, kind: str):
    path, at = KINDS[kind](agency), agency.owner.at
    seen = at.get(path)

    known = at.get(path, headers={"If-None-Match": seen.headers["ETag"]})
    refused = ends(at, path, '"another"')
    still = at.get(path)
    done = ends(at, path, seen.headers["ETag"])

    assert seen.status_code == 200
    assert (known.status_code, known.content) == (304, b"")
    assert status_and_code(refused) == (412, "precondition_failed")
    assert still.json() == seen.json()
    assert done.status_code == 204


def test_session_of_another_tenant_is_not_found(agency: Agency, globex: Agency):
    path = a_session(agency)

    assert status_and_code(globex.owner.at.get(path)) == (404, "not_found")
    assert agency.owner.at.delete(path).status_code == 204
    assert agency.owner.at.get(path).json()["end_reason"] == "revoked"
