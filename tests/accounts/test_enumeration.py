"""Account enumeration: refusals are byte for byte the same for existing and unknown addresses."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.passwords.validation import user_password_matches
from tenants.context import tenant_context
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.factories import Agency
from tests.support.hash_work import WORK, CountingHashPool
from tests.support.http_client import PASSWORD

REQUEST_ID = "the-same-for-all"
OPEN = {"registration": "open"}
VERIFIED = {"email_verification": "required"}
# What is another for each invitation, whomever it is for: ids, times, and uses left of a limit.
OF_EACH = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{4}-\d\d-\d\dT[0-9:.]+Z|;[rt]=\d+|W/\"[^\"]+\""
)
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

    from tests.support.factories import create_agency

    return create_agency(site, f"x{secrets.token_hex(6)}", email="ada@here.test")


def seen(answer) -> tuple[int, bytes, dict[str, str]]:
    """Return everything that a client receives."""
    return answer.status_code, answer.content, dict(answer.headers.items())


def asked(agency: Agency, path: str, body: dict[str, str]):
    """Send a request from an unused address."""
    headers = {"x-request-id": REQUEST_ID}
    return seen(post_from_address(agency.slug, path, body, address=random_address(), **headers))


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
def test_refused_log_ins_are_indistinguishable(agency: Agency, person, case: str):
    fields, password = REFUSED[case]
    unknown = {"email": person(None), "password": PASSWORD}

    answer = asked(agency, "/api/auth/login", {"email": person(fields), "password": password})

    assert answer[0] == 401
    assert answer == asked(agency, "/api/auth/login", unknown)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_log_ins_cost_the_same_hashing(
    agency: Agency, person, counted: CountingHashPool, case: str
):
    fields, password = REFUSED[case]
    email = person(fields)
    user_password_matches(None, "first, the hash of nobody is made")
    counted.work = 0

    assert asked(agency, "/api/auth/login", {"email": email, "password": password})[0] == 401

    assert counted.work == WORK


@pytest.mark.parametrize("case", REFUSED)
def test_forgotten_password_responses_are_indistinguishable(agency: Agency, person, case: str):
    fields, _ = REFUSED[case]

    answer = asked(agency, "/api/auth/password/forgot", {"email": person(fields)})

    assert answer[0] == 204
    assert answer == asked(agency, "/api/auth/password/forgot", {"email": person(None)})


@pytest.mark.parametrize("case", REFUSED)
def test_closed_registration_responses_are_indistinguishable(agency: Agency, person, case: str):
    fields, _ = REFUSED[case]
    good = {"password": "a quite different phrase"}

    with CaptureQueriesContext(connection) as queries:
        answer = asked(agency, "/api/auth/register", {"email": (email := person(None)), **good})

    assert answer[0] == 403
    assert not [q for q in queries if "accounts_user" in q["sql"] or email in q["sql"]]
    assert answer == asked(agency, "/api/auth/register", {"email": person(fields), **good})


@pytest.fixture
def is_open(agency: Agency) -> Iterator[Callable[..., None]]:
    """Open the registration for the test and restore the former mode."""
    with tenant_context(agency.ref):  # or else the owner is shut out, too
        User.objects.filter(pk=agency.owner.id).update(email_verified_at=NOW)

    def change(**settings: str) -> None:
        body = {**OPEN, "settings": settings}
        assert agency.owner.at.patch("/api/tenant", body).status_code == 200

    yield change
    body = {"registration": "closed", "settings": {"email_verification": "off"}}
    assert agency.owner.at.patch("/api/tenant", body).status_code == 200


@pytest.mark.parametrize("case", REFUSED)
def test_registration_with_verification_is_indistinguishable(
    agency: Agency, person, is_open, case: str
):
    is_open(**VERIFIED)
    fields, _ = REFUSED[case]
    good = {"password": "a quite different phrase"}

    answer = asked(agency, "/api/auth/register", {"email": person(fields), **good})

    assert answer[0] == 202
    assert answer == asked(agency, "/api/auth/register", {"email": person(None), **good})


@pytest.mark.parametrize("case", [case for case in REFUSED if case != "unknown"])
def test_taken_address_does_not_name_its_user(agency: Agency, person, is_open, case: str):
    """The response says that the address is taken (docs/security.md), and nothing more."""
    is_open()
    fields, _ = REFUSED[case]
    good = {"password": "a quite different phrase"}

    answer = asked(agency, "/api/auth/register", {"email": person(fields), **good})

    assert answer[0] == 409
    assert answer == asked(agency, "/api/auth/register", {"email": person({}), **good})


@pytest.mark.parametrize("mode", ["closed", "open"])
@pytest.mark.parametrize("case", REFUSED)
def test_invalid_invitations_are_indistinguishable(
    agency: Agency, person, is_open, case: str, mode: str
):
    if mode == "open":
        is_open()
    fields, _ = REFUSED[case]
    made_up = {"password": "a quite different phrase", "invitation": "x" * 43}

    answer = asked(agency, "/api/auth/register", {"email": person(fields), **made_up})

    assert answer[0] == 403
    assert answer == asked(agency, "/api/auth/register", {"email": person(None), **made_up})


def invited(agency: Agency, email: str) -> tuple[int, bytes, dict[str, bytes]]:
    """Invite an address, and return the response without what differs for each invitation."""
    headers = {"x-request-id": REQUEST_ID, "authorization": f"Bearer {agency.owner.access_token}"}
    status, content, fields = seen(
        post_from_address(
            agency.slug, "/api/invitations", {"email": email}, address=random_address(), **headers
        )
    )
    plain = {name: OF_EACH.sub(b"", value.encode()) for name, value in fields.items()}
    return status, OF_EACH.sub(b"", content), plain


@pytest.mark.parametrize("case", REFUSED)
def test_invitation_responses_are_indistinguishable(agency: Agency, person, case: str):
    fields, _ = REFUSED[case]

    answer = invited(agency, person(fields))

    assert answer[0] == 201
    assert answer == invited(agency, person(None))


SECONDS = re.compile(r"(?<=t=)\d+|\d+(?= seconds)")


def timeless(answer) -> tuple[int, str, dict[str, str]]:
    """Return the response without the remaining seconds, which change with time."""
    headers = {k: SECONDS.sub("", v) for k, v in answer.headers.items() if k != "Retry-After"}
    return answer.status_code, SECONDS.sub("", answer.content.decode()), headers


@pytest.mark.parametrize("limit", ["login_account", "login_hour"])
def test_throttled_log_ins_are_indistinguishable(agency: Agency, person, settings, limit: str):
    """From one address, and from many, where no header shows other requests."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, limit: "3/3600"}
    alone = limit == "login_account"
    asking = {"known": person({}), "unknown": person(None)}
    homes = {name: random_address() for name in asking}

    def tried(name: str):
        address = homes[name] if alone else random_address()
        body = {"email": asking[name], "password": "wrong"}
        sent = {"x-request-id": REQUEST_ID}
        return post_from_address(agency.slug, "/api/auth/login", body, address=address, **sent)

    answers = {name: [tried(name) for _ in range(4)] for name in asking}

    assert [answer.status_code for answer in answers["known"]] == [401] * 3 + [429]
    assert [timeless(a) for a in answers["known"]] == [timeless(a) for a in answers["unknown"]]
    refused = answers["known"][-1]
    assert refused.json()["limits"] == [limit]
    assert (limit in refused.headers["RateLimit"]) == alone
    left = [int(answers[name][-1].headers["Retry-After"]) for name in asking]
    assert min(left) > 3500
