"""manage.py suspend_tenant and resume_tenant: effects, confirmation, audit trail, races."""

import json
import threading
from collections.abc import Callable

import pytest
from django.core.management import CommandError
from django.db import connections

from accounts.models import Session
from audit.models import AuditEvent
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_context
from tenants.lifecycle import begin_maintenance, end_maintenance, mark_deleting, schedule_deletion
from tenants.models import Tenant
from tests.support.commands import run_command
from tests.support.factories import Agency

ACTIONS = ("tenant.suspended", "tenant.resumed", "tenant.deletion_called_off")


def row(agency) -> Tenant:
    with use_scope(PUBLIC):
        return Tenant.objects.get(pk=agency.ref.id if isinstance(agency, Agency) else agency.id)


def events(tenant_id) -> list[tuple[str, str]]:
    with use_scope(PUBLIC):
        found = AuditEvent.objects.filter(action__in=ACTIONS, target_id=str(tenant_id))
        return list(found.order_by("at", "id").values_list("action", "actor_type"))


def test_suspended_tenant_refuses_its_sessions_and_shows_the_reason(agency: Agency, acme: Agency):
    reason = "The invoice of Março is  open — “ask us”."

    out = run_command("suspend_tenant", agency.slug, "--reason", reason, "--yes")

    assert "1 session," in out
    assert f"manage.py resume_tenant {agency.slug}" in out
    refused = agency.owner.at.get("/api/users/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert refused.json()["detail"] == "The invoice of Março is open — “ask us”."
    assert acme.owner.at.get("/api/users/me").status_code == 200
    assert events(agency.ref.id) == [("tenant.suspended", "system")]

    assert "no longer suspended" in run_command("resume_tenant", str(agency.ref.id))

    assert agency.owner.at.get("/api/users/me").status_code == 200
    assert events(agency.ref.id)[1:] == [("tenant.resumed", "system")]


def test_dry_run_of_a_suspension_counts_and_changes_nothing(agency: Agency):
    document = json.loads(run_command("suspend_tenant", agency.slug, "--dry-run", "--json"))

    assert document["refused"]["sessions"] == 1
    assert (document["status"], document["suspended"]) == ("active", False)
    assert row(agency).status == "active"
    assert events(agency.ref.id) == []
    with tenant_context(agency.ref):
        assert Session.objects.get().ended_at is None


def test_suspension_without_confirmation_changes_nothing(agency: Agency, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "yes")

    with pytest.raises(CommandError, match=r"Nothing was changed\. To confirm, type"):
        run_command("suspend_tenant", agency.slug)

    assert row(agency).status == "active"


def test_confirmation_is_the_subdomain(agency: Agency, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: agency.slug)

    run_command("suspend_tenant", f"{agency.slug}.aggios.localhost")

    assert row(agency).status == "suspended"


def test_second_suspension_keeps_the_first_reason(make_tenant):
    tenant = make_tenant()
    run_command("suspend_tenant", tenant.slug, "--reason", "first", "--yes")

    out = run_command("suspend_tenant", tenant.slug, "--reason", "second", "--yes")

    assert "suspended already (first)" in out
    assert row(tenant).suspended_reason == "first"
    assert len(events(tenant.id)) == 1


@pytest.mark.parametrize("reason", ["x" * 401, "bell \x07", "escape \x1b[31m"])
def test_invalid_reason_is_refused(make_tenant, reason: str):
    tenant = make_tenant()

    with pytest.raises(CommandError, match="reason: ") as caught:
        run_command("suspend_tenant", tenant.slug, "--reason", reason, "--yes")

    assert "\n" not in str(caught.value)
    assert row(tenant).status == "active"


def test_resume_of_an_active_tenant_changes_nothing(make_tenant):
    tenant = make_tenant()

    assert "was not suspended; nothing was changed" in run_command("resume_tenant", tenant.slug)
    assert events(tenant.id) == []


def test_resume_keeps_a_scheduled_deletion_unless_told(make_tenant):
    tenant = make_tenant()
    run_command("suspend_tenant", tenant.slug, "--yes")
    schedule_deletion(tenant.id, actor=SYSTEM)

    out = run_command("resume_tenant", tenant.slug)

    assert "--cancel-deletion" in out
    assert row(tenant).deletion_due_at is not None
    document = json.loads(run_command("resume_tenant", tenant.slug, "--cancel-deletion", "--json"))
    assert (document["state"], document["deletion_due_at"]) == ("served", None)
    assert events(tenant.id)[-1] == ("tenant.deletion_called_off", "system")


def test_dry_run_of_a_resumption_changes_nothing(make_tenant):
    tenant = make_tenant()
    run_command("suspend_tenant", tenant.slug, "--yes")

    assert "would be resumed" in run_command("resume_tenant", tenant.slug, "--dry-run")
    assert row(tenant).status == "suspended"


def test_resume_in_maintenance_names_the_next_command(make_tenant):
    tenant = make_tenant()
    run_command("suspend_tenant", tenant.slug, "--yes")
    begin_maintenance(tenant.id, Tenant.Maintenance.RESTORING, actor=SYSTEM)

    assert f"end_maintenance {tenant.slug}" in run_command("resume_tenant", tenant.slug)
    end_maintenance(tenant.id, actor=SYSTEM)


@pytest.mark.parametrize("command", [["suspend_tenant", "--yes"], ["resume_tenant"]])
def test_tenant_that_is_being_deleted_is_refused(make_tenant, command: list[str]):
    tenant = make_tenant()
    mark_deleting(tenant.id, actor=SYSTEM)

    with pytest.raises(CommandError, match="is being deleted"):
        run_command(command[0], tenant.slug, *command[1:])

    assert row(tenant).status == "deleting"
    with use_scope(PUBLIC):
        Tenant.objects.filter(pk=tenant.id).update(status="active")


def test_concurrent_suspensions_and_resumptions_alternate_in_the_trail(make_tenant):
    tenant, errors = make_tenant(), []

    def repeat(command: Callable[[], str]) -> None:
        try:
            for _ in range(10):
                command()
        except Exception as exc:  # noqa: BLE001 - reported by the assertion
            errors.append(exc)
        finally:
            connections.close_all()

    suspend = lambda: run_command("suspend_tenant", tenant.slug, "--yes")  # noqa: E731
    resume = lambda: run_command("resume_tenant", tenant.slug)  # noqa: E731
    threads = [
        threading.Thread(target=repeat, args=(command,))
        for command in (suspend, resume, suspend, resume)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    actions = [action for action, _ in events(tenant.id)]
    assert actions[::2] == ["tenant.suspended"] * len(actions[::2])
    assert actions[1::2] == ["tenant.resumed"] * len(actions[1::2])
    last = "active" if len(actions) % 2 == 0 else "suspended"
    assert row(tenant).status == last
