"""manage.py erase_person, for operators."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import audit_actions, insert_user_row, user_row, user_with_session
from tests.support.factories import Agency


def erase(agency: Agency, who: str, *options: str) -> dict:
    out = io.StringIO()
    named = ("--tenant", agency.slug, "--user", who)
    call_command("erase_person", *named, "--json", *options, stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("by", ["id", "email"])
def test_erase_person_erases_a_user(agency: Agency, by: str):
    one = user_with_session(agency)
    one.at.patch("/api/users/me", {"first_name": "Una"})

    told = erase(agency, one.id if by == "id" else one.email.upper())

    assert (told["id"], told["sessions"], told["events"], told["erased"]) == (one.id, 1, 1, True)
    assert status_and_code(one.at.get("/api/users/me")) == (401, "token_invalid")
    assert user_row(agency, one.id).removed_at is not None
    assert audit_actions(agency, one.id) == ["user.updated", "person.erased"]
    with tenant_context(agency.ref):
        assert not AuditEvent.objects.filter(actor_label=one.email).exists()


def test_erase_person_erases_a_removed_user(agency: Agency):
    other = insert_user_row(agency)
    agency.owner.at.delete(f"/api/users/{other}")

    assert erase(agency, other)["removed_before"] is True
    assert audit_actions(agency, other) == ["user.removed", "person.erased"]


def test_dry_run_changes_nothing(agency: Agency):
    one = user_with_session(agency)

    assert erase(agency, one.email, "--dry-run")["erased"] is False
    assert one.at.get("/api/users/me").status_code == 200
    assert audit_actions(agency, one.id) == []


def test_last_owner_is_not_erased(agency: Agency):
    with pytest.raises(CommandError, match="at least one active owner"):
        erase(agency, agency.owner.email)
    assert agency.owner.at.get("/api/users/me").status_code == 200


@pytest.mark.parametrize("who", ["nobody@people.test", "00000000-0000-7000-8000-000000000000", ""])
def test_unknown_user_is_an_error(agency: Agency, who: str):
    with pytest.raises(CommandError, match="There is no such user"):
        erase(agency, who)


def test_unknown_tenant_is_an_error(committed: None):
    with pytest.raises(CommandError, match="There is no tenant"):
        call_command("erase_person", "--tenant", "no-such-one", "--user", "a@b.test")
