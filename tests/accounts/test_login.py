"""Log-in, and what a refused log-in reveals."""

from collections.abc import Callable

import pytest

from accounts.models import Session, User
from accounts.passwords.hashers import PepperedArgon2
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Host, Site

# The limit per address counts over all tests, whatever account they use.
VARYING = {"date", "x-request-id", "content-length", "ratelimit"}


def log_in(host: Host, email: str, password: str = PASSWORD, **headers: str):
    """Post a log-in."""
    return host.post("/api/auth/login", {"email": email, "password": password}, headers=headers)


def bare(answer) -> tuple[dict[str, str], dict[str, object]]:
    """Return headers and body without what differs between any two requests."""
    body = {k: v for k, v in answer.json().items() if k != "request_id"}
    return {k: v for k, v in answer.headers.items() if k not in VARYING}, body


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(email="ada@here.test")


def test_log_in_returns_tokens_and_creates_a_session(agency: Agency):
    answer = log_in(agency.host, " ADA@Here.TEST ", **{"User-Agent": "curl/9"})

    assert answer.status_code == 200
    assert answer.json()["user"]["email"] == "ada@here.test"
    with tenant_context(agency.ref):
        session = Session.objects.first()
        event = AuditEvent.objects.get(action="session.started")
    assert (session.ip, session.user_agent) == ("127.0.0.1", "curl/9")
    assert event.target_id == str(session.id)


def test_login_failures_are_indistinguishable(agency: Agency):
    with tenant_context(agency.ref):
        User.objects.create(
            email="gone@here.test", password=PepperedArgon2().encode(PASSWORD, ""), is_active=False
        )

    unknown = log_in(agency.host, "nobody@here.test")
    wrong = log_in(agency.host, "ada@here.test", "not the password")
    inactive = log_in(agency.host, "gone@here.test")

    assert status_and_code(unknown) == (401, "invalid_credentials")
    assert bare(unknown) == bare(wrong) == bare(inactive)
    with tenant_context(agency.ref):
        refused = AuditEvent.objects.filter(action="session.refused")
        assert sorted(refused.values_list("target_label", flat=True)) == [
            "ada@here.test",
            "gone@here.test",
            "nobody@here.test",
        ]


@pytest.mark.parametrize(
    "password", ["", " ", PASSWORD + " ", PASSWORD.upper(), "x" * 1024, "a\u0308" * 10]
)
def test_similar_passwords_are_rejected(agency: Agency, password: str):
    answer = log_in(agency.host, "ada@here.test", password)

    assert answer.status_code in {400, 401}


def test_missing_fields_are_named(agency: Agency):
    answer = agency.host.post("/api/auth/login", {"email": ""})

    assert field_errors(answer) == {("email", "blank"), ("password", "required")}


def test_log_in_on_api_names_the_tenant_in_the_body(site: Site, agency: Agency):
    api = site.host("api")
    body = {"email": "ada@here.test", "password": PASSWORD}

    named = api.post("/api/auth/login", {**body, "tenant": agency.slug.upper()})
    assert named.status_code == 200
    me = api.with_token(named.json()["access_token"]).get("/api/users/me")
    assert me.json()["id"] == agency.owner.id

    assert field_errors(api.post("/api/auth/login", body)) == {("tenant", "required")}
    unknown = api.post("/api/auth/login", {**body, "tenant": "nobody-here"})
    assert status_and_code(unknown) == (404, "tenant_not_found")
    by_header = api.post("/api/auth/login", body, headers={"X-Tenant": agency.slug})
    assert by_header.status_code == 400


def test_log_in_on_tenant_host_ignores_tenant_in_the_body(agency: Agency, acme: Agency):
    body = {"email": "ada@acme.test", "password": PASSWORD, "tenant": acme.slug}

    assert status_and_code(agency.host.post("/api/auth/login", body)) == (
        401,
        "invalid_credentials",
    )


class TestLimits:
    """Five failures a minute for an account from an address."""

    def test_sixth_attempt_is_throttled_with_any_password(self, agency: Agency):
        answers = [log_in(agency.host, "ada@here.test", "wrong password") for _ in range(5)]
        assert {status_and_code(a) for a in answers} == {(401, "invalid_credentials")}
        left = [a.headers["RateLimit"] for a in answers]
        assert [text.split("r=")[1].split(";")[0] for text in left] == ["4", "3", "2", "1", "0"]
        assert "q=5;w=60" in answers[0].headers["RateLimit-Policy"]

        right = log_in(agency.host, "ADA@here.test")

        assert status_and_code(right) == (429, "rate_limited")
        assert 1 <= int(right.headers["Retry-After"]) <= 60
        assert "r=0" in right.headers["RateLimit"]

    def test_throttling_affects_no_other_account(self, agency: Agency, acme: Agency):
        other = add_member(agency, "ben@here.test")
        for _ in range(6):
            log_in(agency.host, "ada@here.test", "wrong password")

        assert log_in(agency.host, other.email).status_code == 200
        assert log_in(acme.host, "ada@here.test").status_code == 401

    def test_successful_log_in_clears_the_count(self, agency: Agency):
        for _ in range(3):
            for _ in range(4):
                assert log_in(agency.host, "ada@here.test", "wrong").status_code == 401
            assert log_in(agency.host, "ada@here.test").status_code == 200

    def test_forged_address_counts_as_the_same_address(self, agency: Agency):
        statuses = [
            log_in(
                agency.host, "ada@here.test", "wrong", **{"X-Forwarded-For": f"10.1.2.{number}"}
            ).status_code
            for number in range(6)
        ]

        assert statuses == [401] * 5 + [429]
        with tenant_context(agency.ref):
            assert set(AuditEvent.objects.values_list("ip", flat=True)) == {"127.0.0.1"}

    def test_log_in_on_api_is_counted(self, site: Site, agency: Agency):
        body = {"email": "ada@here.test", "password": "wrong", "tenant": agency.slug}
        for _ in range(5):
            site.host("api").post("/api/auth/login", body)

        assert log_in(agency.host, "ada@here.test").status_code == 429

    def test_limit_without_redis_is_no_looser(self, agency: Agency, without_redis: None):
        statuses = [log_in(agency.host, "ada@here.test", "wrong").status_code for _ in range(14)]

        assert statuses.count(401) <= 5
        assert 429 in statuses
        assert set(statuses) == {401, 429}
        other = log_in(agency.host, "nobody@here.test", "wrong")
        assert status_and_code(other) == (401, "invalid_credentials")
