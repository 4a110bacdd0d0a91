"""Reauthentication: how it works, what needs it, and what a tenant requires of its users."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import RecoveryCode, Session
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.second_factors import FACTORS, enrol_totp, post_login, start_enrolment
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mailbox import Mailbox

NewPerson = Callable[..., Person]
PROVE, CODES = "/api/auth/prove", "/api/auth/recovery-codes"


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    return create_agency(site, f"x{secrets.token_hex(6)}")


def expire_reauthentication(agency: Agency, person: Person) -> None:
    """Move the last authentication of a user's sessions back by a day."""
    with tenant_context(agency.ref):
        old = timezone.now() - timedelta(days=1)
        assert Session.objects.filter(user_id=person.id).update(proved_at=old)


def test_password_reauthenticates_without_second_factor(agency: Agency, someone: NewPerson):
    person = someone()
    expire_reauthentication(agency, person)

    before = start_enrolment(person.at)
    wrong = person.at.post(PROVE, {"password": "not the password"})
    still = start_enrolment(person.at)
    proved = person.at.post(PROVE, {"password": PASSWORD})
    after = start_enrolment(person.at)

    assert status_and_code(before) == status_and_code(still) == (403, "proof_required")
    assert status_and_code(wrong) == (401, "invalid_credentials")
    assert (proved.status_code, after.status_code) == (204, 201)
    with tenant_context(agency.ref):
        events = AuditEvent.objects.filter(actor_id=person.id)
        actions = set(events.values_list("action", flat=True))
    assert {"session.proved", "session.proof_refused"} <= actions


def test_code_reauthenticates_with_second_factor(agency: Agency, someone: NewPerson):
    person = someone()
    enrolled = enrol_totp(person)
    expire_reauthentication(agency, person)

    alone = person.at.post(PROVE, {"password": PASSWORD})
    refused = person.at.post(CODES)
    proved = person.at.post(PROVE, {"code": enrolled.app.code()})
    renewed = person.at.post(CODES)

    assert status_and_code(alone) == (401, "second_factor_required")
    assert status_and_code(refused) == (403, "proof_required")
    assert (proved.status_code, renewed.status_code) == (204, 201)
    assert not set(renewed.json()["recovery_codes"]) & set(enrolled.recovery_codes)
    assert post_login(agency, person, code=enrolled.recovery_codes[0]).status_code == 401


def test_missing_credentials_are_named(someone: NewPerson):
    person = someone()

    assert field_errors(person.at.post(PROVE, {})) == {("password", "required")}
    assert field_errors(person.at.post(PROVE, {"code": "123456"})) == {("password", "required")}


def test_reauthentication_attempts_are_throttled_as_log_ins(agency: Agency, someone: NewPerson):
    person = someone()

    tried = [person.at.post(PROVE, {"password": "wrong horse"}).status_code for _ in range(5)]

    assert tried == [401] * 5
    assert person.at.post(PROVE, {"password": PASSWORD}).status_code == 429
    assert post_login(agency, person).status_code == 429


def test_factor_removal_needs_recent_authentication(agency: Agency, someone: NewPerson):
    person = someone()
    enrolled = enrol_totp(person)
    expire_reauthentication(agency, person)
    path = f"{FACTORS}/{enrolled.id}"

    refused = person.at.delete(path)
    person.at.post(PROVE, {"code": enrolled.recovery_codes[0]})
    stale = person.at.delete(path, headers={"If-Match": '"another"'})
    removed = person.at.delete(path)

    assert status_and_code(refused) == (403, "proof_required")
    assert status_and_code(stale) == (412, "precondition_failed")
    assert removed.status_code == 204
    assert post_login(agency, person).status_code == 200
    assert status_and_code(person.at.post(CODES)) == (409, "factor_missing")
    with tenant_context(agency.ref):
        assert not RecoveryCode.objects.filter(user_id=person.id).exists()
        assert AuditEvent.objects.filter(action="factor.removed", actor_id=person.id).exists()


def ask_of(agency: Agency, *roles: str) -> None:
    """Require a second factor in the tenant."""
    answer = agency.owner.at.patch(
        "/api/tenant", {"settings": {"second_factor_roles": list(roles)}}
    )
    assert answer.status_code == 200, answer.text


def test_role_that_must_enrol_is_refused_elsewhere(new_agency: Callable[..., Agency]):
    agency = new_agency()
    admin, member = (
        add_member(agency, "adm@here.test", "admin"),
        add_member(agency, "ben@here.test"),
    )
    made = admin.at.post("/api/keys", {"name": "ci", "scopes": ["files:read"]})
    key = agency.host.with_token(made.json()["key"])
    assert key.get("/api/files").status_code == 200

    ask_of(agency, "admin")
    closed = [admin.at.get(p) for p in ("/api/files", "/api/users", "/api/tenant", "/api/keys")]
    written = admin.at.patch("/api/users/me", {"first_name": "X", "last_name": "Y"})

    assert {status_and_code(answer) for answer in [*closed, written]} == {
        (403, "second_factor_missing")
    }
    assert status_and_code(key.get("/api/files")) == (403, "second_factor_missing")
    assert member.at.get("/api/files").status_code == 200
    assert admin.at.get("/api/users/me").status_code == 200
    enrolled = enrol_totp(admin)
    assert admin.at.get("/api/files").status_code == 200
    assert key.get("/api/files").status_code == 200
    assert admin.at.delete(f"{FACTORS}/{enrolled.id}").status_code == 204
    assert status_and_code(admin.at.get("/api/files")) == (403, "second_factor_missing")
    assert admin.at.post("/api/auth/logout-all").status_code == 204


def test_owner_resets_a_lost_factor(agency: Agency, someone: NewPerson):
    lost, admin = someone("admin"), someone("admin")
    enrol_totp(lost)
    path = f"/api/users/{lost.id}/factors"

    assert status_and_code(admin.at.delete(path)) == (403, "permission_denied")
    assert agency.owner.at.delete(path).status_code == 204

    assert post_login(agency, lost).status_code == 200
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="factor.removed", target_label=lost.email)
    assert event.actor_id == agency.owner.id


def test_factor_reset_needs_recent_authentication(new_agency: Callable[..., Agency]):
    agency = new_agency()
    lost = add_member(agency, "lost@here.test")
    enrol_totp(lost)
    expire_reauthentication(agency, agency.owner)

    answer = agency.owner.at.delete(f"/api/users/{lost.id}/factors")

    assert status_and_code(answer) == (403, "proof_required")


def test_each_factor_change_is_sent_by_email(agency: Agency, someone: NewPerson, mailbox: Mailbox):
    person = someone()
    enrolled = enrol_totp(person)
    added = mailbox.wait_for(person.email, subject="Your second factor")
    post_login(agency, person, code=enrolled.recovery_codes[0])
    used = mailbox.wait_for(person.email, subject="Your second factor", nth=2)

    assert "A second factor was added to your account." in added.text
    assert "A recovery code was used" in used.text
    assert "9 are left" in used.html
    assert enrolled.recovery_codes[0] not in used.text
