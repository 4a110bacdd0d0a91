"""Rotation of the master secret and the pepper by restarts with other variables.

The shared ``site`` has the old secret. ``during_rotation`` signs with a new master secret and still
accepts the old one; ``after_rotation`` no longer accepts the old one.
"""

from collections.abc import Iterator

import pytest

from accounts.models import User
from devstack.testing import TestStack
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Host, Site
from tests.support.second_gunicorn import another_gunicorn

ME = "/api/users/me"
MASTER, PEPPER = "n" * 64, "2:" + "f" * 64


@pytest.fixture(scope="module")
def during_rotation(stores: TestStack, site: Site) -> Iterator[Site]:
    changed = {
        "TOKEN_MASTER_SECRET": MASTER,
        "TOKEN_MASTER_SECRET_PREVIOUS": stores.env["TOKEN_MASTER_SECRET"],
        "PASSWORD_PEPPERS": f"{PEPPER},{stores.env['PASSWORD_PEPPERS']}",
    }
    with another_gunicorn(stores, **changed) as found:
        yield found


@pytest.fixture(scope="module")
def after_rotation(stores: TestStack, site: Site) -> Iterator[Site]:
    with another_gunicorn(stores, TOKEN_MASTER_SECRET=MASTER, PASSWORD_PEPPERS=PEPPER) as found:
        yield found


def refreshed(host: Host, token: str) -> dict[str, str]:
    answer = host.post("/api/auth/refresh", {"refresh_token": token})
    assert answer.status_code == 200, answer.text
    return answer.json()


def status_of(host: Host, token: str) -> int:
    return host.with_token(token).get(ME).status_code


def test_secret_rotation_keeps_sessions_and_replaces_tokens(
    agency: Agency, during_rotation: Site, after_rotation: Site
):
    new_host = during_rotation.host(agency.slug)
    assert status_of(new_host, agency.owner.access_token) == 200

    new = refreshed(new_host, agency.owner.refresh_token)

    assert status_of(new_host, new["access_token"]) == 200
    last = after_rotation.host(agency.slug)
    assert status_of(last, new["access_token"]) == 200
    assert status_of(last, agency.owner.access_token) == 401
    assert refreshed(last, new["refresh_token"])["user"]["id"] == agency.owner.id


def test_concurrent_refresh_during_the_rotation_ends_no_session(
    agency: Agency, during_rotation: Site
):
    """Two tabs refresh at once; between the two requests the secret is rotated."""
    child = refreshed(agency.host, agency.owner.refresh_token)["refresh_token"]
    host = during_rotation.host(agency.slug)

    twin = refreshed(host, agency.owner.refresh_token)

    assert twin["refresh_token"] == child
    assert status_of(host, twin["access_token"]) == 200
    grandchild = refreshed(host, twin["refresh_token"])["refresh_token"]
    assert refreshed(host, child)["refresh_token"] == grandchild


def test_refresh_under_the_old_secret_is_refused_and_ends_nothing(
    agency: Agency, stores: TestStack, during_rotation: Site
):
    """A process with the old secret cannot derive the successor token of the new secret."""
    child = refreshed(during_rotation.host(agency.slug), agency.owner.refresh_token)[
        "refresh_token"
    ]

    late = agency.host.post("/api/auth/refresh", {"refresh_token": agency.owner.refresh_token})

    assert status_and_code(late) == (401, "token_invalid")
    assert refreshed(during_rotation.host(agency.slug), child)


def test_new_secret_is_accepted_before_it_signs(
    agency: Agency, stores: TestStack, during_rotation: Site
):
    """The first step with several machines: each of them accepts both secrets."""
    with another_gunicorn(stores, TOKEN_MASTER_SECRET_PREVIOUS=MASTER) as first_step:
        new = refreshed(during_rotation.host(agency.slug), agency.owner.refresh_token)
        host = first_step.host(agency.slug)

        assert status_of(host, new["access_token"]) == 200
        assert refreshed(host, agency.owner.refresh_token)["refresh_token"] == new["refresh_token"]


def test_password_hash_of_the_old_pepper_is_upgraded_at_log_in(
    agency: Agency, during_rotation: Site, after_rotation: Site
):
    body = {"email": agency.owner.email, "password": PASSWORD}
    assert status_and_code(after_rotation.host(agency.slug).post("/api/auth/login", body))[0] == 401
    wrong = during_rotation.host(agency.slug).post(
        "/api/auth/login", {**body, "password": "another one"}
    )
    assert status_and_code(wrong) == (401, "invalid_credentials")
    assert stored(agency).startswith("argon2p$1$")

    answer = during_rotation.host(agency.slug).post("/api/auth/login", body)

    assert answer.status_code == 200
    assert stored(agency).startswith("argon2p$2$")
    assert after_rotation.host(agency.slug).post("/api/auth/login", body).status_code == 200


def stored(agency: Agency) -> str:
    with tenant_context(agency.ref):
        return User.objects.get().password
