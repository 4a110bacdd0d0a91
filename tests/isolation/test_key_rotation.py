"""Rotating a tenant's key ends its tokens in every process, and no other tenant's."""

import io
import json
from collections import Counter
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Session
from accounts.sessions.tokens import KEY_ROTATED_MESSAGE
from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code, token_header
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Site

ME = "/api/users/me"
TIMES = 12  # enough new connections that each of the two workers gets requests


def rotate(slug: str, *more: str) -> str:
    out = io.StringIO()
    call_command("rotate_tenant_key", slug, *more, stdout=out)
    return out.getvalue()


def answers(person, path: str = ME) -> Counter:
    return Counter(person.at.get(path).status_code for _ in range(TIMES))


def test_rotation_ends_every_token_of_one_tenant_only(
    site: Site, agency: Agency, new_agency: Callable[[], Agency]
):
    member, other = add_member(agency, "member@here.test"), new_agency()
    people = (agency.owner, member, other.owner)
    assert [answers(person) for person in people] == [Counter({200: TIMES})] * 3

    rotate(agency.slug, "--yes")

    assert answers(agency.owner) == answers(member) == Counter({401: TIMES})
    assert answers(other.owner) == Counter({200: TIMES})
    for token in (agency.owner.refresh_token, member.refresh_token):
        for host in (agency.host, site.host("api")):
            refused = host.post("/api/auth/refresh", {"refresh_token": token})
            assert status_and_code(refused) == (401, "token_invalid")
    assert site.host("api").with_token(member.access_token).get(ME).status_code == 401
    kept = other.host.post("/api/auth/refresh", {"refresh_token": other.owner.refresh_token})
    assert kept.status_code == 200


def test_refused_token_explains_the_rotation_and_log_in_works(agency: Agency, globex: Agency):
    rotate(agency.slug, "--yes")

    told = agency.owner.at.get(ME).json()["detail"]
    again = agency.host.post("/api/auth/login", {"email": agency.owner.email, "password": PASSWORD})

    assert told == KEY_ROTATED_MESSAGE
    assert token_header(again.json()["access_token"])["kid"] == f"{agency.ref.id.hex}.2"
    assert agency.host.with_token(again.json()["access_token"]).get(ME).status_code == 200
    # A token of another tenant gets no explanation.
    other_tenant = agency.host.with_token(globex.owner.access_token).get(ME)
    assert other_tenant.json()["detail"] != KEY_ROTATED_MESSAGE


def test_rotation_ends_sessions_and_is_audited(agency: Agency):
    rotate(agency.slug, "--yes")

    with tenant_context(agency.ref):
        session = Session.objects.get()
        event = AuditEvent.objects.get(action="sessions.ended")
    assert session.ended_at is not None
    assert session.end_reason == "revoked"
    assert event.details == {"reason": "revoked", "cause": "key_rotated", "count": 1}
    with use_scope(PUBLIC):
        rotated = AuditEvent.objects.get(action="tenant.key_rotated", target_id=str(agency.ref.id))
    assert rotated.details == {"version": 2}


def test_rotation_command_needs_a_confirmation_and_a_known_slug(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
):
    assert json.loads(rotate(agency.slug, "--dry-run", "--json")) == {
        "tenant": agency.slug,
        "from": 1,
        "to": 1,
        "rotated": False,
    }
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    with pytest.raises(CommandError, match="Nothing was changed"):
        rotate(agency.slug)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="--yes"):
        rotate(agency.slug)
    assert agency.owner.at.get(ME).status_code == 200
    with pytest.raises(CommandError, match="nobody-here"):
        rotate("nobody-here", "--yes")

    assert rotate(agency.slug, "--yes") == f"{agency.slug}: key 1 -> 2; every token has ended.\n"
