"""Enrolment of a second factor, and log-in with it."""

import secrets
from collections.abc import Callable

import pytest

from accounts.models import Authenticator, RecoveryCode, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.second_factors import (
    FACTORS,
    AuthenticatorApp,
    audit_actions_of,
    enrol_totp,
    post_login,
    start_enrolment,
)
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, create_agency
from tests.support.http_client import PASSWORD, Site

NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    return create_agency(site, f"x{secrets.token_hex(6)}", company="Müller & Sons: Ltd")


def test_enrolment_adds_a_factor(agency: Agency, someone: NewPerson):
    person = someone()

    begun = start_enrolment(person.at).json()
    confirmed = person.at.post(
        f"{FACTORS}/{begun['id']}/confirm", {"code": AuthenticatorApp(begun["secret"]).code()}
    )

    assert set(begun) == {"id", "type", "created_at", "confirmed_at", "secret", "uri"}
    assert begun["uri"].startswith("otpauth://totp/M%C3%BCller%20%26%20Sons%20Ltd%3Ap")
    assert f"secret={begun['secret']}&" in begun["uri"]
    assert confirmed.status_code == 200
    codes = confirmed.json()["recovery_codes"]
    assert len(set(codes)) == 10
    assert {len(code) for code in codes} == {14}
    listed = person.at.get(FACTORS).json()
    assert listed["recovery_codes_left"] == 10
    assert [set(f) for f in listed["results"]] == [{"id", "type", "created_at", "confirmed_at"}]
    assert listed["results"][0]["confirmed_at"] is not None
    assert {"factor.begun", "factor.added"} <= set(audit_actions_of(agency, person))
    with tenant_context(agency.ref):
        user = User.objects.get(email=person.email)
        assert user.second_factor_at is not None


def test_factor_secrets_are_not_stored_in_clear(agency: Agency, someone: NewPerson):
    person = someone()
    enrolled = enrol_totp(person)

    with tenant_context(agency.ref):
        row = Authenticator.objects.get(user_id=person.id)
        hashes = [bytes(h) for h in RecoveryCode.objects.values_list("hash", flat=True)]
        trail = str(list(AuditEvent.objects.values_list("details", flat=True)))

    assert enrolled.app.secret not in row.sealed_secret
    assert {len(h) for h in hashes} == {32}
    assert not any(code in trail for code in [enrolled.app.secret, *enrolled.recovery_codes])


def test_unconfirmed_factor_is_ignored_and_replaced(agency: Agency, someone: NewPerson):
    person = someone()

    first, second = start_enrolment(person.at).json(), start_enrolment(person.at).json()
    late = person.at.post(
        f"{FACTORS}/{first['id']}/confirm", {"code": AuthenticatorApp(first["secret"]).code()}
    )
    wrong = person.at.post(
        f"{FACTORS}/{second['id']}/confirm", {"code": AuthenticatorApp(first["secret"]).code()}
    )

    assert first["secret"] != second["secret"]
    assert status_and_code(late) == (404, "not_found")
    assert field_errors(wrong) == {("code", "invalid")}
    assert post_login(agency, person).status_code == 200


def test_second_enrolment_is_a_conflict(someone: NewPerson):
    person = someone()
    enrolled = enrol_totp(person)

    again = person.at.post(f"{FACTORS}/{enrolled.id}/confirm", {"code": enrolled.app.code()})

    assert status_and_code(start_enrolment(person.at)) == (409, "factor_exists")
    assert status_and_code(again) == (409, "factor_exists")


def test_repeated_enrolment_replays_the_response(someone: NewPerson):
    person = someone()
    key = {"Idempotency-Key": secrets.token_hex(8)}

    first, again = start_enrolment(person.at, **key), start_enrolment(person.at, **key)
    path = f"{FACTORS}/{first.json()['id']}/confirm"
    body = {"code": AuthenticatorApp(first.json()["secret"]).code()}
    shown = [person.at.post(path, body, headers=key).json() for _ in range(2)]

    assert first.json() == again.json()
    assert shown[0] == shown[1]
    assert len(shown[0]["recovery_codes"]) == 10


def test_unknown_factor_type_is_refused(someone: NewPerson):
    answer = someone().at.post(FACTORS, {"type": "passkey"})

    assert field_errors(answer) == {("type", "invalid_choice")}


def test_log_in_with_password_only_is_refused(agency: Agency, someone: NewPerson):
    person = someone()
    enrolled = enrol_totp(person)

    alone = post_login(agency, person)
    whole = post_login(agency, person, code=enrolled.app.code())

    assert status_and_code(alone) == (401, "second_factor_required")
    assert "access_token" not in alone.text
    assert whole.status_code == 200
    with tenant_context(agency.ref):
        started = AuditEvent.objects.filter(action="session.started", target_label=person.email)
        assert started.order_by("-id").first().details == {"factor": "totp"}


def test_factor_is_not_revealed_without_the_password(agency: Agency, someone: NewPerson):
    plain, enrolled = someone(), someone()
    app = enrol_totp(enrolled).app
    ignored = {"date", "x-request-id", "ratelimit"}

    answers = [
        post_login(agency, who, password="not the password", **code)
        for who in (plain, enrolled)
        for code in ({}, {"code": app.code()}, {"code": "000000"})
    ]

    bodies = [{**a.json(), "request_id": ""} for a in answers]
    heads = [{k: v for k, v in a.headers.items() if k not in ignored} for a in answers]
    assert bodies == [bodies[0]] * 6
    assert heads == [heads[0]] * 6
    assert post_login(agency, enrolled, code=app.code()).status_code == 200


def test_code_without_factor_is_ignored(agency: Agency, someone: NewPerson):
    assert post_login(agency, someone(), code="123456").status_code == 200


def test_enrolment_ends_other_sessions(agency: Agency, someone: NewPerson):
    person = someone()
    token = post_login(agency, person).json()["access_token"]

    enrol_totp(person)

    assert agency.host.with_token(token).get("/api/users/me").status_code == 401
    assert person.at.get("/api/users/me").status_code == 200


def test_log_in_with_code_works_on_api(site: Site, agency: Agency, someone: NewPerson):
    person = someone()
    app = enrol_totp(person).app
    body = {"tenant": agency.slug, "email": person.email, "password": PASSWORD}
    api = site.host("api")

    assert status_and_code(api.post("/api/auth/login", body)) == (401, "second_factor_required")
    assert api.post("/api/auth/login", {**body, "code": app.code()}).status_code == 200
