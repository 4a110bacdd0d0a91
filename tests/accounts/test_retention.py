"""Retention: old rows are deleted with each new row, and by a periodic task."""

import io
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.email_tokens import create_email_token
from accounts.models import ApiKey, Invitation, MailLink, User
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.mailbox import Mailbox

MODELS = {"links": MailLink, "invitations": Invitation, "api_keys": ApiKey}
KEPT_DAYS = {"links": 7, "invitations": 90, "api_keys": 30}


@pytest.fixture
def agency(new_agency: Callable[..., Agency], mailbox: Mailbox) -> Agency:
    """An agency whose first e-mail, with a link, was sent."""
    agency = new_agency()
    mailbox.wait_for(agency.owner.email, subject="Verify")
    return agency


def made(agency: Agency, kind: str, *, days: int) -> Any:
    """Return the id of a row that is outdated by this number of days."""
    then = timezone.now() - timedelta(days=days)
    with tenant_context(agency.ref):
        owner = User.objects.get(pk=agency.owner.id)
        fields: dict[str, dict[str, Any]] = {
            "links": {"purpose": "reset", "email": owner.email, "expires_at": then},
            "invitations": {"invited_by": owner, "email": "a@old.test", "expires_at": then},
            "api_keys": {"user": owner, "name": "old", "revoked_at": then},
        }
        return MODELS[kind].objects.create(hash=secrets.token_bytes(32), **fields[kind]).pk


def make_new(agency: Agency, kind: str) -> None:
    at = agency.owner.at
    if kind == "links":
        with tenant_context(agency.ref), transaction.atomic():
            create_email_token("reset", email="a@new.test", lifetime=timedelta(hours=1))
        return
    path, body = {
        "invitations": ("/api/invitations", {"email": "a@new.test"}),
        "api_keys": ("/api/keys", {"name": "n", "scopes": ["files:read"]}),
    }[kind]
    assert at.post(path, body).status_code == 201


def left(agency: Agency, kind: str) -> set[Any]:
    with tenant_context(agency.ref):
        return set(MODELS[kind].objects.values_list("pk", flat=True))


def told(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("prune_sessions", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("kind", MODELS)
def test_new_row_prunes_old_ones(agency: Agency, kind: str):
    old = made(agency, kind, days=KEPT_DAYS[kind] + 1)
    recent = made(agency, kind, days=KEPT_DAYS[kind] - 1) if kind != "invitations" else None

    make_new(agency, kind)

    rows = left(agency, kind)
    assert old not in rows
    assert recent is None or recent in rows


def test_command_prunes_without_new_rows(agency: Agency):
    old = {kind: made(agency, kind, days=KEPT_DAYS[kind] + 1) for kind in MODELS}

    dry = told("--tenant", agency.slug, "--dry-run")
    kept = {kind: old[kind] in left(agency, kind) for kind in MODELS}
    done = told("--tenant", agency.slug)

    counts = dict.fromkeys(MODELS, 1)
    assert dry == {**counts, "sessions": 0, "tenants": 1, "failed": [], "dry_run": True}
    assert kept == dict.fromkeys(MODELS, True)
    assert done == {**dry, "dry_run": False}
    assert not any(old[kind] in left(agency, kind) for kind in MODELS)
    assert agency.owner.at.get("/api/users/me").status_code == 200


def test_recent_invitations_are_kept(agency: Agency):
    recent = made(agency, "invitations", days=89)

    assert told("--tenant", agency.slug)["invitations"] == 0
    assert recent in left(agency, "invitations")


COMMANDS = {
    "prune_sessions": ["--tenant", "nobody-is-here"],
    "end_sessions": ["nobody-is-here", "--yes"],
    "erase_person": ["--tenant", "nobody-is-here", "--user", "a@b.test"],
    "verify_audit": ["--tenant", "nobody-is-here"],
    "reset_staff_factor": ["nobody@is-here.test"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_names_are_errors(command: str):
    with pytest.raises(CommandError, match=r"nobody-is-here|nobody@is-here\.test"):
        call_command(command, *COMMANDS[command], stdout=io.StringIO())


@pytest.mark.parametrize("command", [*COMMANDS, "deliver_mail"])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        call_command(command, "--help")

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"manage.py {command}" in said
    assert "--json" in said
    assert command in ("deliver_mail", "verify_audit") or "--dry-run" in said
