"""Valid second-factor codes: of the standard, current, in order, and of the user's own app."""

import secrets
from collections.abc import Callable

import pytest

from accounts.models import Authenticator
from core.crypto.one_time_codes import totp_code
from tenants.context import tenant_context
from tests.support.accounts.second_factors import FACTORS, audit_actions_of, enrol_totp, post_login
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, Person, create_agency
from tests.support.http_client import Site

NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    return create_agency(site, f"x{secrets.token_hex(6)}", company="Müller & Sons: Ltd")


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238 appendix B, SHA-1; six of the eight digits.
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_match_the_standard(seconds: int, code: str):
    assert totp_code(b"12345678901234567890", seconds // 30) == code


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_the_neighbouring_step_is_valid(agency: Agency, someone: NewPerson, steps: int):
    person = someone()
    enrolled = enrol_totp(person)
    with tenant_context(agency.ref):
        Authenticator.objects.filter(user_id=person.id).update(last_step=0)

    answer = post_login(agency, person, code=enrolled.app.code(steps))

    assert answer.status_code == 200


@pytest.mark.parametrize("steps", [-2, 2, -2880])
def test_code_two_steps_away_is_invalid(agency: Agency, someone: NewPerson, steps: int):
    person = someone()
    enrolled = enrol_totp(person)
    with tenant_context(agency.ref):
        Authenticator.objects.filter(user_id=person.id).update(last_step=0)

    answer = post_login(agency, person, code=enrolled.app.code(steps))

    assert status_and_code(answer) == (401, "invalid_credentials")


def test_codes_are_valid_once_and_in_order(agency: Agency, someone: NewPerson):
    person = someone()
    app = enrol_totp(person).app
    now, later = app.code(), app.code(1)

    first = post_login(agency, person, code=later)
    again = post_login(agency, person, code=later)
    earlier = post_login(agency, person, code=now)

    assert first.status_code == 200
    assert status_and_code(again) == status_and_code(earlier) == (401, "invalid_credentials")
    assert audit_actions_of(agency, person).count("session.refused") == 2


def test_code_with_spaces_is_valid(agency: Agency, someone: NewPerson):
    person = someone()
    code = enrol_totp(person).app.code()

    assert post_login(agency, person, code=f" {code[:3]} {code[3:]}").status_code == 200


@pytest.mark.parametrize("code", ["", "  ", "-"])
def test_empty_code_is_refused(agency: Agency, someone: NewPerson, code: str):
    person = someone()
    enrol_totp(person)

    assert status_and_code(post_login(agency, person, code=code)) == (401, "second_factor_required")


@pytest.mark.parametrize("code", ["000000", "١٢٣٤٥٦", "12345", "1234567", "\u0000", "x" * 40])
def test_malformed_code_is_refused(agency: Agency, someone: NewPerson, code: str):
    person = someone()
    enrol_totp(person)

    answer = post_login(agency, person, code=code)

    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.text


def test_another_users_code_is_refused(agency: Agency, someone: NewPerson):
    one, other = someone(), someone()
    enrol_totp(one)
    theirs = enrol_totp(other)

    assert post_login(agency, one, code=theirs.app.code()).status_code == 401
    assert post_login(agency, one, code=theirs.recovery_codes[0]).status_code == 401
    assert status_and_code(one.at.get(f"{FACTORS}/{theirs.id}")) == (404, "not_found")
    assert status_and_code(one.at.delete(f"{FACTORS}/{theirs.id}")) == (404, "not_found")
    assert post_login(agency, other, code=theirs.app.code()).status_code == 200
