"""Answers to who may not: byte for byte the same, whoever there is and whoever there is not."""

from collections.abc import Callable

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tenants.context import tenant_context
from tests.accounts.asking import ask, somewhere
from tests.cast import Agency
from tests.site import PASSWORD

REQUEST_ID = "the-same-for-all"
NOW = timezone.now()
# Each person as they are stored, and the password that is tried.
REFUSED = {
    "unknown": (None, PASSWORD),
    "wrong": ({}, "wrong"),
    "inactive": ({"is_active": False}, PASSWORD),
    "inactive, wrong": ({"is_active": False}, "wrong"),
    "removed": ({"is_active": False, "removed_at": NOW, "password": "!"}, PASSWORD),
    "no password": ({"password": "!"}, PASSWORD),
    "unverified": ({"email_verified_at": None}, "wrong"),
    "verified": ({"email_verified_at": NOW}, "wrong"),
    "second factor": ({"second_factor_at": NOW}, "wrong"),
    "owner": ({"role": "owner"}, "wrong"),
    "pepper gone": ({"password": "argon2p$9$" + make_password(PASSWORD)[10:]}, PASSWORD),
}


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    import secrets

    from tests.cast import found_agency

    return found_agency(site, f"x{secrets.token_hex(6)}", email="ada@here.test")


def seen(answer) -> tuple[int, bytes, dict[str, str]]:
    """Return all that a client gets."""
    return answer.status_code, answer.content, dict(answer.headers.items())


def asked(agency: Agency, path: str, body: dict[str, str]):
    """Ask from an address that has asked nothing yet."""
    headers = {"x-request-id": REQUEST_ID}
    return seen(ask(agency.slug, path, body, address=somewhere(), **headers))


@pytest.fixture
def person(agency: Agency) -> Callable[[dict | None], str]:
    def make(fields: dict | None) -> str:
        email = f"{User().id.hex}@here.test"
        if fields is not None:
            with tenant_context(agency.ref):
                stored = {"password": make_password(PASSWORD), **fields}
                User.objects.create(email=email, **stored)
        return email

    return make


@pytest.mark.parametrize("case", REFUSED)
def test_a_log_in_that_is_refused(agency: Agency, person, case: str):
    fields, password = REFUSED[case]
    unknown = {"email": person(None), "password": PASSWORD}

    answer = asked(agency, "/api/auth/login", {"email": person(fields), "password": password})

    assert answer[0] == 401
    assert answer == asked(agency, "/api/auth/login", unknown)


@pytest.mark.parametrize("case", REFUSED)
def test_forgot(agency: Agency, person, case: str):
    fields, _ = REFUSED[case]

    answer = asked(agency, "/api/auth/password/forgot", {"email": person(fields)})

    assert answer[0] == 204
    assert answer == asked(agency, "/api/auth/password/forgot", {"email": person(None)})


@pytest.mark.parametrize("case", REFUSED)
def test_registering_where_registration_is_closed(agency: Agency, person, case: str):
    fields, _ = REFUSED[case]
    good = {"password": "a quite different phrase"}

    with CaptureQueriesContext(connection) as queries:
        answer = asked(agency, "/api/auth/register", {"email": (email := person(None)), **good})

    assert answer[0] == 403
    assert not [q for q in queries if "accounts_user" in q["sql"] or email in q["sql"]]
    assert answer == asked(agency, "/api/auth/register", {"email": person(fields), **good})
