"""manage.py set_limits: sizes with units, defaults, a dry run, and the audit trail."""

import json

import pytest
from django.conf import settings
from django.core.management import CommandError

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.lifecycle import mark_deleting
from tenants.models import Tenant
from tenants.usage import UsageTotals, save_usage
from tests.support.commands import run_command

GIB = 1024**3


def stored_limits(tenant) -> dict:
    with use_scope(PUBLIC):
        return Tenant.objects.values_list("limits", flat=True).get(pk=tenant.id)


def events(tenant) -> list[AuditEvent]:
    with use_scope(PUBLIC):
        changed = AuditEvent.objects.filter(action="tenant.updated", target_id=str(tenant.id))
        return list(changed.order_by("at", "id"))


def test_limits_are_set_shown_and_recorded(make_tenant):
    tenant, other = make_tenant(), make_tenant()

    out = run_command("set_limits", str(tenant.id), "--storage", "50GiB", "--objects", "1000")

    assert "-> 50 GiB" in out
    assert "-> 1000" in out
    assert stored_limits(tenant) == {"storage_bytes": 50 * GIB, "storage_objects": 1000}
    assert stored_limits(other) == {}
    [event] = events(tenant)
    assert event.actor_type == "system"
    assert event.details["changes"]["limits.storage_bytes"] == {"from": None, "to": 50 * GIB}


def test_default_and_unlimited_are_words(make_tenant):
    tenant = make_tenant()
    run_command("set_limits", tenant.slug, "--storage", "1GiB", "--objects", "5")

    document = json.loads(
        run_command(
            "set_limits", tenant.slug, "--storage", "UNLIMITED", "--objects", "default", "--json"
        )
    )

    assert stored_limits(tenant) == {"storage_bytes": 0}
    assert document["before"]["effective"]["storage_bytes"] == GIB
    assert document["after"]["effective"]["storage_bytes"] is None
    assert document["after"]["own"]["storage_objects"] is None
    assert document["changed"] is True


def test_dry_run_changes_nothing(make_tenant):
    tenant = make_tenant()

    out = run_command("set_limits", tenant.slug, "--file-size", "1MB", "--dry-run")

    assert "dry run, nothing was changed" in out
    assert "-> 976.6 KiB" in out
    assert stored_limits(tenant) == {}
    assert events(tenant) == []


def test_without_a_limit_it_only_shows_them(make_tenant):
    tenant = make_tenant()

    document = json.loads(run_command("set_limits", tenant.slug, "--json"))

    assert document["changed"] is False
    assert document["after"]["effective"]["file_max_bytes"] <= settings.FILE_MAX_BYTES
    assert events(tenant) == []


def test_limit_below_the_usage_is_pointed_out(make_tenant):
    tenant = make_tenant()
    save_usage(
        tenant.id,
        database=UsageTotals(0, 0),
        objects=UsageTotals(3, 3 * GIB),
        files=3,
        failed_emails=0,
    )

    out = run_command("set_limits", tenant.slug, "--storage", "2GiB", "--objects", "1")

    assert "3 GiB (150 %) are used: uploads are refused" in out
    assert "3 objects are stored" in out


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--storage", "5G"),
        ("--storage", "-1"),
        ("--storage", "0"),
        ("--storage", "9000PiB"),
        ("--objects", "1.5"),
        ("--objects", "1GiB"),
        ("--objects", "٣"),
        ("--file-size", ""),
    ],
)
def test_value_that_is_no_limit_is_refused_with_the_form(make_tenant, option: str, text: str):
    tenant = make_tenant()

    with pytest.raises(CommandError):
        run_command("set_limits", tenant.slug, f"{option}={text}")

    assert stored_limits(tenant) == {}


def test_limits_of_a_tenant_that_is_being_deleted_stay(make_tenant):
    tenant = make_tenant()
    mark_deleting(tenant.id, actor=SYSTEM)

    with pytest.raises(CommandError, match="is being deleted"):
        run_command("set_limits", tenant.slug, "--storage", "1GiB")

    assert stored_limits(tenant) == {}
    with use_scope(PUBLIC):
        Tenant.objects.filter(pk=tenant.id).update(status="active")
