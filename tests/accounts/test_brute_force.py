"""Guessing of passwords: limited per address and per account, without locking the user out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from accounts.auth.login import remember_address
from core.request_context import RequestContext, limit_key, use_request_context
from tenants.context import tenant_context
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Host

WIDE = 6


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(email="ada@here.test")


@pytest.fixture
def narrow(settings) -> None:
    """Lower the hourly limit of failures, so that a test needs fewer hashes."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_hour": f"{WIDE}/3600"}


def try_at(agency: Agency, address: str, password: str = "wrong", email: str = "ada@here.test"):
    """Try to log in from an address."""
    body = {"email": email, "password": password}
    return post_from_address(agency.slug, "/api/auth/login", body, address=address)


def statuses(agency: Agency, count: int, **kwargs: str) -> list[int]:
    """Try once from each of several addresses."""
    return [try_at(agency, random_address(), **kwargs).status_code for _ in range(count)]


def test_concurrent_attempts_get_no_more_tries(agency: Agency):
    body = {"email": "ada@here.test", "password": "wrong"}

    def guess(_: int) -> int:
        return agency.host.post("/api/auth/login", body).status_code

    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(guess, range(40)))
    # Who found no place to be hashed at was not told anything, and has not used a try up.
    assert set(found) <= {401, 429, 503}
    found += [guess(0) for _ in range(6)]

    assert found.count(401) == 5
    assert found[-1] == 429


def test_attempts_from_many_addresses_share_the_account_limit(agency: Agency, narrow: None):
    assert statuses(agency, WIDE) == [401] * WIDE

    refused = try_at(agency, random_address())

    assert (refused.status_code, refused.json()["limits"]) == (429, ["login_hour"])
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert "login_hour" not in refused.headers["RateLimit"]


def test_known_address_can_log_in_during_an_attack(agency: Agency, narrow: None):
    home = random_address()
    assert try_at(agency, home, PASSWORD).status_code == 200
    statuses(agency, WIDE + 1)

    assert try_at(agency, home).status_code == 401
    assert try_at(agency, home, PASSWORD).status_code == 200
    assert try_at(agency, random_address(), PASSWORD).status_code == 429


def test_known_address_has_no_more_tries_than_all_others(agency: Agency, narrow):
    home = random_address()
    assert try_at(agency, home, PASSWORD).status_code == 200
    statuses(agency, WIDE)

    assert [try_at(agency, home).status_code for _ in range(6)] == [401] * 5 + [429]


def test_email_with_slash_counts_for_no_other_account(agency: Agency, narrow: None):
    home = random_address()
    assert try_at(agency, home, PASSWORD).status_code == 200
    statuses(agency, WIDE)
    for composed in (f"ada@here.test/{limit_key(home)}", f"ada@here.test/{home}"):
        assert set(statuses(agency, WIDE, email=composed)) <= {400, 401}

    assert try_at(agency, home, PASSWORD).status_code == 200


def test_password_reset_allows_log_in_from_any_address(agency: Agency, narrow: None):
    statuses(agency, WIDE)
    here = random_address()
    assert try_at(agency, here, PASSWORD).status_code == 429

    with tenant_context(agency.ref), use_request_context(RequestContext(client_address=here)):
        remember_address("ada@here.test")

    assert try_at(agency, here, PASSWORD).status_code == 200


def test_successful_log_ins_consume_only_the_rate(agency: Agency, narrow: None):
    home = random_address()

    assert [try_at(agency, home, PASSWORD).status_code for _ in range(WIDE + 2)] == [200] * 8
    assert statuses(agency, WIDE) == [401] * WIDE


def test_successful_log_ins_are_rate_limited(agency: Agency, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_rate": "3/60"}
    home = random_address()

    answers = [try_at(agency, home, PASSWORD) for _ in range(4)]

    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert '"login_rate";q=3;w=60' in answers[0].headers["RateLimit-Policy"]


def test_success_clears_no_count_of_another_account(agency: Agency):
    add_member(agency, "mallory@here.test")
    address = random_address()
    for _ in range(5):
        assert try_at(agency, address).status_code == 401
        assert try_at(agency, address, PASSWORD, "mallory@here.test").status_code == 200

    assert try_at(agency, address).status_code == 429


def test_many_accounts_from_one_address_are_limited(agency: Agency, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_address": "4/60"}
    address = random_address()
    found = [try_at(agency, address, email=f"{n}@here.test").status_code for n in range(5)]

    assert found == [401] * 4 + [429]


def test_success_does_not_clear_the_address_count(agency: Agency, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login_address": "4/60"}
    add_member(agency, "mallory@here.test")
    address = random_address()
    found = [try_at(agency, address, email=f"{n}@here.test").status_code for n in range(3)]
    found.append(try_at(agency, address, PASSWORD, "mallory@here.test").status_code)
    found += [try_at(agency, address, email=f"{n}@here.test").status_code for n in range(3, 5)]

    assert found == [401, 401, 401, 200, 401, 429]


def test_forged_forwarded_address_is_not_counted(agency: Agency, stores):
    """The last entry counts, whatever a client wrote before it."""
    host: Host = agency.host
    url = f"http://127.0.0.1:{stores.ports['gunicorn']}/api/auth/login"
    ours = random_address()
    found = [
        httpx.post(
            url,
            json={"email": "ada@here.test", "password": "wrong"},
            headers={"Host": host.name, "X-Forwarded-For": f"192.0.2.{number}, {ours}"},
            timeout=60,
        ).status_code
        for number in range(6)
    ]

    assert found == [401] * 5 + [429]


def test_account_limit_without_redis_counts_all_addresses(
    agency: Agency, narrow: None, settings, without_redis: None
):
    settings.WEB_WORKERS = 1
    home = random_address()
    assert try_at(agency, home, PASSWORD).status_code == 200
    assert statuses(agency, WIDE) == [401] * WIDE

    refused = try_at(agency, random_address(), PASSWORD)

    assert (refused.status_code, refused.json()["limits"]) == (429, ["login_hour"])
    assert try_at(agency, home, PASSWORD).status_code == 200
