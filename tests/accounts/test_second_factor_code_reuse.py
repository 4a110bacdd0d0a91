"""Second-factor codes: used once, limited against guessing, valid after a pepper rotation."""

import secrets
import threading
from collections.abc import Callable

import pytest
from django.db import connections

from accounts.models import Authenticator, User
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_second_factor
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.second_factors import FACTORS, enrol_totp, post_login
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, Person, create_agency
from tests.support.http_client import Site

NewPerson = Callable[..., Person]


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    return create_agency(site, f"x{secrets.token_hex(6)}")


def test_recovery_code_is_valid_once_in_any_spelling(agency: Agency, someone: NewPerson):
    person = someone()
    code = enrol_totp(person).recovery_codes[0]

    first = post_login(agency, person, code=code.upper().replace("-", " "))
    again = post_login(agency, person, code=code)

    assert (first.status_code, again.status_code) == (200, 401)
    assert person.at.get(FACTORS).json()["recovery_codes_left"] == 9
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="recovery_code.used", actor_id=person.id)
    assert event.details["left"] == 9


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_concurrent_uses_of_one_code_only_one_wins(
    agency: Agency, someone: NewPerson, settings, kind: str
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "second_factor": "1000/60"}
    person = someone()
    enrolled = enrol_totp(person)
    code = enrolled.app.code() if kind == "app" else enrolled.recovery_codes[0]
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
    together, results = threading.Barrier(20), []

    def use() -> None:
        try:
            with tenant_context(agency.ref):
                together.wait()
                results.append(require_second_factor(user, code))
        except InvalidCredentials:
            results.append("")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 20
    assert len([how for how in results if how]) == 1


def test_wrong_codes_are_limited_over_all_addresses(agency: Agency, someone: NewPerson, settings):
    person = someone()
    enrolled = enrol_totp(person)
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
        for _ in range(10):
            with pytest.raises(InvalidCredentials):
                require_second_factor(user, "000000")

    guessed = post_login(agency, person, code=enrolled.app.code())
    printed = post_login(agency, person, code=enrolled.recovery_codes[0])

    assert status_and_code(guessed) == (429, "rate_limited")
    assert printed.status_code == 200, "its owner is not shut out"


def test_secret_is_encrypted_anew_after_pepper_rotation(
    agency: Agency, someone: NewPerson, settings
):
    person = someone()
    enrolled = enrol_totp(person)
    settings.PASSWORD_PEPPERS = f"2:{secrets.token_hex(32)},{settings.PASSWORD_PEPPERS}"
    with tenant_context(agency.ref):
        user = User.objects.get(pk=person.id)
        before = Authenticator.objects.get(user=user).sealed_secret

        used = (
            require_second_factor(user, enrolled.app.code()),
            require_second_factor(user, enrolled.recovery_codes[0]),
        )
        after = Authenticator.objects.get(user=user).sealed_secret

    assert used == ("totp", "recovery_code")
    assert (before.partition(":")[0], after.partition(":")[0]) == ("1", "2")


def test_code_without_its_pepper_is_refused(agency: Agency, someone: NewPerson, settings):
    person = someone()
    enrolled = enrol_totp(person)
    settings.PASSWORD_PEPPERS = f"9:{secrets.token_hex(32)}"

    with tenant_context(agency.ref), pytest.raises(InvalidCredentials):
        require_second_factor(User.objects.get(pk=person.id), enrolled.app.code())
