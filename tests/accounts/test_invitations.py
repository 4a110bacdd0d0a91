"""Invitations: permissions, responses, stored data and rate limits."""

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, Letter
from tenants.context import tenant_context
from tests.support.accounts.invitations import (
    FIELDS,
    INVITATIONS,
    REGISTER,
    audit_events,
    post_invitation,
    registration_body,
    token_of_invitation,
    update_invitation_row,
)
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member


def fresh() -> str:
    return f"p{secrets.token_hex(5)}@new.test"


def rows(agency: Agency, email: str) -> list[Invitation]:
    with tenant_context(agency.ref):
        return list(Invitation.objects.filter(email=email).order_by("created_at"))


def test_invitation_response_holds_no_secret(agency: Agency):
    answer = agency.owner.at.post(INVITATIONS, {"email": "New@Person.TEST", "role": "admin"})
    shown = answer.json()
    path = f"{INVITATIONS}/{shown['id']}"

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    assert (shown["email"], shown["role"], shown["state"]) == (
        "new@person.test",
        "admin",
        "pending",
    )
    assert shown["invited_by"] == {"id": agency.owner.id, "email": agency.owner.email}
    assert (shown["max_uses"], shown["uses"]) == (1, 0)
    assert answer.headers["Location"] == path
    read = agency.owner.at.get(path)
    assert (read.json(), read.headers["ETag"]) == (shown, answer.headers["ETag"])
    [event] = audit_events(agency, "invitation.created")
    assert (event.actor_id, event.target_id) == (agency.owner.id, shown["id"])
    assert event.ip
    assert event.request_id == answer.headers["X-Request-ID"]


def test_invitation_expiry_follows_the_tenant_policy(agency: Agency):
    agency.owner.at.patch("/api/tenant", json={"settings": {"invitation_seconds": 3600}})

    post_invitation(agency, "a@new.test")

    [row] = rows(agency, "a@new.test")
    assert row.expires_at - row.created_at == pytest.approx(
        timedelta(hours=1), abs=timedelta(seconds=5)
    )


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {("email", "required")}),
        ({"email": "nobody"}, {("email", "invalid")}),
        ({"email": "a\u0131@b.test"}, {("email", "invalid")}),
        ({"email": "\u0130" * 130 + "@b.test"}, {("email", "invalid")}),
        ({"email": "a@b.test", "role": "king"}, {("role", "invalid_choice")}),
        ({"email": "a@b.test", "max_uses": 3}, {("max_uses", "not_with_email")}),
        ({"max_uses": 1}, {("max_uses", "min_value")}),
        ({"max_uses": 1001}, {("max_uses", "max_value")}),
        ({"max_uses": 3, "role": "owner"}, {("role", "not_by_link")}),
    ],
)
def test_invalid_invitation_fields_are_refused(acme: Agency, body: dict, wrong: set):
    before = len(rows(acme, "a@b.test"))

    assert field_errors(acme.owner.at.post(INVITATIONS, body)) == wrong
    assert len(rows(acme, "a@b.test")) == before


def test_member_cannot_invite_or_list(acme: Agency, ben: Person):
    path = f"{INVITATIONS}/{post_invitation(acme, fresh())['id']}"

    answers = [
        ben.at.post(INVITATIONS, {"email": fresh()}),
        ben.at.get(INVITATIONS),
        ben.at.get(path),
        ben.at.delete(path),
        ben.at.post(f"{path}/resend"),
    ]

    assert {status_and_code(answer) for answer in answers} == {(403, "permission_denied")}
    assert acme.owner.at.get(path).json()["state"] == "pending"


def test_administrator_cannot_invite_owners(agency: Agency):
    admin = add_member(agency, "adm@x.test", role="admin")
    path = f"{INVITATIONS}/{post_invitation(agency, 'o@new.test', role='owner')['id']}"

    answers = [
        admin.at.post(INVITATIONS, {"email": "p@new.test", "role": "owner"}),
        admin.at.post(f"{path}/resend"),
        admin.at.delete(path),
    ]

    assert {status_and_code(answer) for answer in answers} == {(403, "permission_denied")}
    assert post_invitation(agency, "q@new.test", at=admin.at, role="admin")["role"] == "admin"
    assert agency.owner.at.get(path).json()["state"] == "pending"


def test_invitation_of_a_user_looks_like_any_other(agency: Agency):
    """Bodies and headers differ only in random values and times; each address gets an e-mail."""
    known = add_member(agency, f"k{secrets.token_hex(5)}@new.test")
    unknown = fresh()
    drawn = {"id", "email", "created_at", "updated_at", "expires_at"}
    timed = {"date", "etag", "location", "x-request-id", "ratelimit"}

    answers = [
        agency.owner.at.post(INVITATIONS, {"email": email, "role": "member"})
        for email in (known.email, unknown)
    ]

    bodies = [{k: v for k, v in a.json().items() if k not in drawn} for a in answers]
    headers = [{k: v for k, v in a.headers.items() if k not in timed} for a in answers]
    assert [a.status_code for a in answers] == [201, 201]
    assert len({len(a.content) for a in answers}) == 1
    assert bodies[0] == bodies[1]
    assert headers[0] == headers[1]
    assert len(audit_events(agency, "invitation.created")) == 2


def test_new_invitation_replaces_the_former_one(agency: Agency):
    first = post_invitation(agency, "a@new.test")
    token = token_of_invitation(agency, first)

    second = post_invitation(agency, "A@new.test", role="admin")

    states = {row["id"]: row["state"] for row in agency.owner.at.get(INVITATIONS).json()["results"]}
    assert states == {first["id"]: "revoked", second["id"]: "pending"}
    refused = agency.host.post(REGISTER, registration_body(token, "a@new.test"))
    assert status_and_code(refused) == (403, "registration_closed")
    [event] = audit_events(agency, "invitation.revoked")
    assert (event.target_id, event.details["replaced"]) == (first["id"], True)


def test_concurrent_invitations_of_one_address_leave_one(agency: Agency):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: agency.owner.at.post(INVITATIONS, {"email": "a@new.test"}), range(3))
        )

    assert Counter(a.status_code for a in answers) == {201: 3}
    assert Counter(row.revoked_at is None for row in rows(agency, "a@new.test")) == {
        True: 1,
        False: 2,
    }


def test_repeated_idempotency_key_invites_once(agency: Agency):
    key = {"Idempotency-Key": secrets.token_hex(8)}

    first, again = (
        agency.owner.at.post(INVITATIONS, {"email": "a@new.test"}, headers=key) for _ in range(2)
    )
    other = agency.owner.at.post(INVITATIONS, {"email": "b@new.test"}, headers=key)

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert status_and_code(other) == (409, "idempotency_conflict")
    assert len(rows(agency, "a@new.test")) == 1


def test_invitation_list_has_states_and_pages(agency: Agency):
    pending, revoked, expired, accepted = (
        post_invitation(agency, f"{name}@new.test") for name in ("p", "r", "e", "a")
    )
    agency.owner.at.delete(f"{INVITATIONS}/{revoked['id']}")
    update_invitation_row(agency, expired, expires_at=timezone.now())
    joined = agency.host.post(
        REGISTER, registration_body(token_of_invitation(agency, accepted), "a@new.test")
    )
    assert joined.status_code == 201

    def listed(query: str) -> list[str]:
        return [r["id"] for r in agency.owner.at.get(f"{INVITATIONS}{query}").json()["results"]]

    every = [accepted["id"], expired["id"], revoked["id"], pending["id"]]
    assert listed("") == every
    for one, state in zip(every, ("accepted", "expired", "revoked", "pending"), strict=True):
        assert listed(f"?state={state}") == [one]
    page = agency.owner.at.get(f"{INVITATIONS}?limit=3").json()
    assert [row["id"] for row in page["results"]] == every[:3]
    assert page["next"]
    wrong = agency.owner.at.get(f"{INVITATIONS}?state=lost")
    assert field_errors(wrong) == {("state", "invalid_choice")}


def test_another_tenants_invitation_is_not_found(acme: Agency, globex: Agency):
    path = f"{INVITATIONS}/{post_invitation(acme, fresh())['id']}"

    answers = [
        globex.owner.at.get(path),
        globex.owner.at.delete(path),
        globex.owner.at.post(f"{path}/resend"),
    ]

    assert {status_and_code(answer) for answer in answers} == {(404, "not_found")}
    assert acme.owner.at.get(path).json()["state"] == "pending"


def test_invitations_to_one_address_are_rate_limited(agency: Agency):
    """Three e-mails an hour to one address, whatever requests them."""
    invitation = post_invitation(agency, "a@new.test")
    resent = agency.owner.at.post(f"{INVITATIONS}/{invitation['id']}/resend")
    post_invitation(agency, "A@new.test")
    admin = add_member(agency, "adm@x.test", role="admin")

    refused = admin.at.post(INVITATIONS, {"email": "a@new.test"})
    other = admin.at.post(INVITATIONS, {"email": "b@new.test"})

    assert resent.status_code == 200
    assert status_and_code(refused) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 0
    assert other.status_code == 201
    with tenant_context(agency.ref):
        assert Letter.objects.filter(kind="invitation", recipient="a@new.test").count() <= 3
    assert len(rows(agency, "a@new.test")) == 2
