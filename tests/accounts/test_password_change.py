"""Change of the own password."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.email_tokens import create_email_token
from accounts.models import Session, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Host

ANOTHER = "a quite different phrase"
WRONG = ("current_password", "wrong")


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(email="ada@here.test")


def change(at: Host, current: str = PASSWORD, password: str = ANOTHER, **headers: str):
    """Post a change of the caller's password."""
    body = {"current_password": current, "password": password}
    return at.post("/api/auth/password/change", body, headers=headers)


def log_in(agency: Agency, password: str):
    """Log the owner in."""
    body = {"email": agency.owner.email, "password": password}
    return agency.host.post("/api/auth/login", body)


def test_change_sets_password_and_ends_other_sessions(agency: Agency):
    elsewhere = agency.host.with_token(log_in(agency, PASSWORD).json()["access_token"])

    answer = change(agency.owner.at)

    assert (answer.status_code, answer.content) == (204, b"")
    assert agency.owner.at.get("/api/users/me").status_code == 200
    assert status_and_code(elsewhere.get("/api/users/me")) == (401, "token_invalid")
    assert status_and_code(log_in(agency, PASSWORD)) == (401, "invalid_credentials")
    assert log_in(agency, ANOTHER).status_code == 200
    with tenant_context(agency.ref):
        ended = Session.objects.exclude(ended_at=None)
        assert list(ended.values_list("end_reason", flat=True)) == ["password_changed"]
        event = AuditEvent.objects.get(action="password.changed")
        trail = str(list(AuditEvent.objects.values()))
    assert (event.actor_id, event.target_id) == (agency.owner.id, agency.owner.id)
    assert PASSWORD not in trail
    assert ANOTHER not in trail


def test_wrong_current_password_changes_nothing(agency: Agency):
    answer = change(agency.owner.at, "not my password")

    assert field_errors(answer) == {WRONG}
    assert log_in(agency, PASSWORD).status_code == 200
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="password.refused").count() == 1


@pytest.mark.parametrize(
    ("password", "code"),
    [
        (PASSWORD, "same"),
        ("short", "password_too_short"),
        ("password123", "password_too_common"),
        ("ada@here.test", "password_too_similar"),
        ("x" * 257, "password_too_long"),
    ],
)
def test_new_password_must_be_valid(agency: Agency, password: str, code: str):
    assert ("password", code) in field_errors(change(agency.owner.at, password=password))
    assert log_in(agency, PASSWORD).status_code == 200


def test_wrong_current_password_is_throttled(agency: Agency):
    """Wrong passwords count as failed log-ins of the same account and address."""
    for _ in range(5):
        assert change(agency.owner.at, "not my password").status_code == 400

    refused = change(agency.owner.at)

    assert status_and_code(refused) == (429, "rate_limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert status_and_code(log_in(agency, PASSWORD)) == (429, "rate_limited")


def test_change_revokes_email_tokens(agency: Agency):
    """A link that an attacker read in a mailbox must not set the next password."""
    with tenant_context(agency.ref), transaction.atomic():
        owner = User.objects.get(pk=agency.owner.id)
        token = create_email_token(
            "reset", email=owner.email, lifetime=timedelta(hours=1), user=owner
        )
    assert change(agency.owner.at).status_code == 204

    answer = agency.host.post("/api/auth/password/reset", {"token": token, "password": PASSWORD})

    assert status_and_code(answer) == (400, "link_invalid")
    assert log_in(agency, ANOTHER).status_code == 200


def test_change_without_session_is_refused(agency: Agency):
    assert status_and_code(change(agency.host)) == (401, "not_authenticated")


def test_concurrent_changes_only_one_wins(agency: Agency):
    choices = [f"{ANOTHER} {number}" for number in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: change(agency.owner.at, password=one), choices))

    won = [choice for choice, a in zip(choices, answers, strict=True) if a.status_code == 204]
    [lost] = [answer for answer in answers if answer.status_code != 204]
    assert field_errors(lost) == {WRONG}
    assert len(won) == 1
    assert log_in(agency, won[0]).status_code == 200
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="password.changed").count() == 1


def test_concurrent_log_in_does_not_survive_the_change(agency: Agency, monkeypatch):
    """The password matched, and was changed before the session was opened."""
    from accounts.auth import login
    from accounts.problems import InvalidCredentials

    seen = login.user_password_matches

    def overtaken(user: User, password: str) -> bool:
        fits = seen(user, password)
        assert change(agency.owner.at).status_code == 204
        return fits

    monkeypatch.setattr(login, "user_password_matches", overtaken)
    with tenant_context(agency.ref), pytest.raises(InvalidCredentials):
        login.log_in(email=agency.owner.email, password=PASSWORD)
