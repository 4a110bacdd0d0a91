"""Scopes of API keys: none leads to more rights than it names."""

import secrets

import pytest

from accounts.api_keys import issue_api_key
from accounts.models import Invitation, User
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import insert_user_row, random_email
from tests.support.factories import Agency, create_agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import PASSWORD, Host

INVITATIONS, USERS = "/api/invitations", "/api/users"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    return create_agency(site, f"scope-{secrets.token_hex(5)}")


def key_with(agency: Agency, *scopes: str) -> Host:
    with tenant_context(agency.ref):
        owner = User.objects.get(pk=agency.owner.id)
        return agency.host.with_token(
            issue_api_key(name="k", scopes=list(scopes), actor=owner).text
        )


@pytest.mark.parametrize("asked", [{"max_uses": 2}, {"email": "…"}], ids=["link", "mail"])
@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_api_key_invitation_is_for_members_only(agency: Agency, asked: dict, role: str):
    key = key_with(agency, "invitations:write")
    if "email" in asked:
        asked = {"email": random_email()}

    answer = key.post(INVITATIONS, {**asked, "role": role})

    if role == "member":
        assert answer.status_code == 201
        assert ("token" in answer.json()) == ("max_uses" in asked)
        return
    assert answer.status_code in {400, 403}
    assert "token" not in answer.json()
    if role == "admin":
        assert status_and_code(answer) == (403, "proof_required")
        assert "API key" in answer.json()["detail"]


def test_api_key_repeating_admin_invitation_gets_no_link(agency: Agency):
    body, header = {"max_uses": 2, "role": "admin"}, {"Idempotency-Key": secrets.token_hex(8)}
    made = agency.owner.at.post(INVITATIONS, body, headers=header)
    assert made.json()["token"]
    key = key_with(agency, "invitations:write", "invitations:read")
    where = f"{INVITATIONS}/{made.json()['id']}"

    resent = key.post(f"{where}/resend")
    replayed = key.post(INVITATIONS, body, headers=header)
    shown = [key.get(where), key.get(INVITATIONS)]

    assert status_and_code(resent) == status_and_code(replayed) == (403, "proof_required")
    for answer in (resent, replayed, *shown):
        assert made.json()["token"] not in answer.text
    with tenant_context(agency.ref):
        assert Invitation.objects.get(pk=made.json()["id"]).hash is not None
    assert key.delete(where).status_code == 204


def test_api_key_sets_no_password_address_or_role(agency: Agency):
    key, member = key_with(agency, "users:write"), insert_user_row(agency)
    refused = [
        key.post(USERS, {"email": random_email(), "password": PASSWORD}),
        key.post(USERS, {"email": random_email(), "role": "admin"}),
        key.patch(f"{USERS}/{member}", {"email": random_email()}),
        key.patch(f"{USERS}/{member}", {"role": "admin"}),
        key.delete(f"{USERS}/{insert_user_row(agency, 'admin')}"),
    ]

    assert {status_and_code(answer) for answer in refused} == {(403, "proof_required")}
    assert key.patch(f"{USERS}/{member}", {"first_name": "x"}).status_code == 200
    assert key.delete(f"{USERS}/{member}").status_code == 204


def test_api_key_cannot_open_registration(agency: Agency):
    key = key_with(agency, "tenant:write")

    assert status_and_code(key.patch("/api/tenant", {"registration": "open"})) == (
        403,
        "proof_required",
    )
    assert key.patch("/api/tenant", {"name": "Renamed"}).status_code == 200


def test_api_key_for_shares_reads_no_file(agency: Agency):
    file = add_file(agency.owner.at, f"{secrets.token_hex(4)}.txt")["id"]
    where = f"/api/files/{file}/shares"
    links = key_with(agency, "shares:read", "shares:write")
    files_too = key_with(agency, "shares:read", "shares:write", "files:read")

    made = links.post(where)
    listed = [links.get(where), links.get("/api/shares")]

    assert made.status_code == 201
    assert made.json()["url"] is None
    assert links.get(f"/api/shares/{made.json()['id']}").json()["url"] is None
    for answer in listed:
        assert {row["url"] for row in answer.json()["results"]} == {None}
    assert files_too.post(where).json()["url"]
    assert files_too.get(f"/api/shares/{made.json()['id']}").json()["url"]
    assert agency.owner.at.get(f"/api/shares/{made.json()['id']}").json()["url"]
