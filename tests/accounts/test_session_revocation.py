"""Revoked sessions: refused on the next request in every worker, with and without Redis."""

import io
import json
from collections import Counter
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Session, User
from accounts.sessions.services import end_other_sessions, end_user_sessions
from accounts.users.queries import user_actor
from audit.models import AuditEvent
from audit.services import SYSTEM
from devstack.testing import TestStack
from tenants.context import tenant_context
from tenants.lifecycle import suspend_tenant
from tests.support.accounts.sessions import (
    ME,
    SESSIONS,
    open_another_session,
    refresh,
    refusal_reason,
    session_end_details,
    session_id,
    session_row,
)
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import Host, Site

TIMES = 8  # two workers, and a new connection each time: each of them is asked


@pytest.fixture
def crew(agency: Agency) -> list[Person]:
    """Six users, one for each way to lose access."""
    return [add_member(agency, f"p{number}@here.test", "admin") for number in range(6)]


@pytest.fixture
def away(site: Site, crew: list[Person], stores: TestStack) -> Iterator[None]:
    """Valkey is stopped after all users have logged in."""
    stores.stop("valkey")
    try:
        yield
    finally:
        stores.start_ready("valkey")


def everywhere(at: Host, path: str = ME) -> Counter:
    return Counter(at.get(path).status_code for _ in range(TIMES))


def user_of(agency: Agency, person: Person) -> User:
    with tenant_context(agency.ref):
        return User.objects.get(pk=person.id)


def change(agency: Agency, person: Person, **fields: object) -> None:
    with tenant_context(agency.ref):
        assert User.objects.filter(pk=person.id).update(**fields) == 1


def all_are_logged_out(agency: Agency, crew: list[Person]) -> None:
    left, ended, inactive, removed, demoted, stays = crew
    assert everywhere(stays.at) == Counter({200: TIMES})

    assert left.at.post("/api/auth/logout").status_code == 204
    assert agency.owner.at.delete(f"/api/users/{ended.id}/sessions").status_code == 204
    change(agency, inactive, is_active=False)
    with tenant_context(agency.ref):
        User.objects.get(pk=removed.id).delete()
    change(agency, demoted, role="member")

    for person, why in ((left, "logout"), (ended, "revoked"), (inactive, "revoked")):
        assert everywhere(person.at) == Counter({401: TIMES})
        assert refusal_reason(person.at.get(ME)) == why
        assert refusal_reason(refresh(agency.host, person.refresh_token)) == why
    assert everywhere(removed.at) == Counter({401: TIMES})
    assert everywhere(demoted.at, f"/api/users/{stays.id}/sessions") == Counter({403: TIMES})
    assert everywhere(stays.at) == Counter({200: TIMES})
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")
    assert everywhere(stays.at) == Counter({403: TIMES})
    assert stays.at.get(ME).json()["code"] == "tenant_suspended"
    refused = refresh(agency.host, stays.refresh_token)
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")


def test_revocation_with_redis_is_immediate(agency: Agency, crew: list[Person]):
    all_are_logged_out(agency, crew)


def test_revocation_without_redis_is_immediate(agency: Agency, crew: list[Person], away: None):
    all_are_logged_out(agency, crew)


@pytest.mark.parametrize("cause", Session.End.values)
def test_end_reason_is_stored_and_shown(agency: Agency, cause: str):
    """To the holder of the tokens, in the list, and in the audit trail."""
    other = open_another_session(agency)
    here, owner = session_row(agency), user_of(agency, agency.owner)
    with tenant_context(agency.ref):
        assert end_other_sessions(here, cause, actor=user_actor(owner)) == 1

    refused = agency.host.with_token(other["access_token"]).get(ME)

    assert refusal_reason(refused) == cause
    assert refusal_reason(refresh(agency.host, other["refresh_token"])) == cause
    assert refused.json()["detail"].endswith("Log in again.")
    [shown] = agency.owner.at.get(f"{SESSIONS}?state=ended").json()["results"]
    assert (shown["id"], shown["end_reason"]) == (session_id(other["access_token"]), cause)
    assert session_end_details(agency) == [{"reason": cause, "count": 1}]


def test_end_reason_is_hidden_without_valid_token(agency: Agency, globex: Agency):
    agency.owner.at.post("/api/auth/logout")
    head, payload, signature = agency.owner.access_token.split(".")
    forged = f"{head}.{payload}.{signature[:-4]}AAAA"

    assert refusal_reason(agency.host.with_token(forged).get(ME)) is None
    assert refusal_reason(globex.host.with_token(agency.owner.access_token).get(ME)) is None
    assert refusal_reason(agency.owner.at.get(ME)) == "logout"


def test_end_other_sessions_keeps_the_current_one(agency: Agency):
    ben = add_member(agency, "ben@here.test")
    others = [open_another_session(agency) for _ in range(3)]
    here, owner = session_row(agency), user_of(agency, agency.owner)
    with tenant_context(agency.ref):
        count = end_other_sessions(here, Session.End.PASSWORD, actor=user_actor(owner))

    assert count == 3
    for tokens in others:
        at = agency.host.with_token(tokens["access_token"])
        assert refusal_reason(at.get(ME)) == "password_changed"
    assert (agency.owner.at.get(ME).status_code, ben.at.get(ME).status_code) == (200, 200)


def test_first_end_reason_stays(agency: Agency):
    agency.owner.at.post("/api/auth/logout")
    owner = user_of(agency, agency.owner)
    with tenant_context(agency.ref):
        assert end_user_sessions(owner, Session.End.PASSWORD, actor=user_actor(owner)) == 0

    assert session_row(agency).end_reason == "logout"


def end_sessions(*arguments: str) -> str:
    out = io.StringIO()
    call_command("end_sessions", *arguments, stdout=out)
    return out.getvalue()


def test_end_sessions_ends_one_users_sessions(agency: Agency):
    ben = add_member(agency, "ben@here.test")

    told = json.loads(end_sessions(agency.slug, "--user", "BEN@here.test", "--yes", "--json"))

    assert told == {"tenant": agency.slug, "user": "ben@here.test", "ended": 1, "dry_run": False}
    assert refusal_reason(ben.at.get(ME)) == "staff"
    assert agency.owner.at.get(ME).status_code == 200
    assert session_end_details(agency) == [{"reason": "staff", "count": 1}]


def test_end_sessions_ends_all_sessions(agency: Agency, globex: Agency):
    ben = add_member(agency, "ben@here.test")
    assert end_sessions(agency.slug, "--dry-run") == f"{agency.slug}: would end 2 sessions.\n"
    assert ben.at.get(ME).status_code == 200

    assert end_sessions(agency.slug, "--yes") == f"{agency.slug}: ended 2 sessions.\n"

    for person in (agency.owner, ben):
        assert refusal_reason(person.at.get(ME)) == "staff"
    assert globex.owner.at.get(ME).status_code == 200
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="sessions.ended")
    assert event.details == {"reason": "staff", "cause": "end_sessions", "count": 2}
    assert event.actor_type == "system"


def test_end_sessions_with_unknown_name_is_an_error(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(CommandError, match="nobody-here"):
        end_sessions("nobody-here", "--yes")
    with pytest.raises(CommandError, match="no such user"):
        end_sessions(agency.slug, "--user", "who@here.test", "--yes")
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    with pytest.raises(CommandError, match="Nothing was changed"):
        end_sessions(agency.slug)
    assert agency.owner.at.get(ME).status_code == 200
