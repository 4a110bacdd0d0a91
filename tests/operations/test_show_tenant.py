"""manage.py show_tenant: what it tells, in text and JSON, and that it changes nothing."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.models import Letter, User
from audit.services import SYSTEM
from files.models import Balance
from tenants.context import tenant_context
from tenants.lifecycle import cancel_deletion, schedule_deletion, suspend_tenant
from tenants.models import Tenant
from tenants.services import update_limits
from tenants.subdomains import rename_subdomain
from tests.support.commands import run_command
from tests.support.factories import Agency, add_member

GIB = 1024**3
SECRETS = ("password", "hash", "token")


def test_report_counts_people_sessions_and_storage(agency: Agency):
    add_member(agency, "ben@show.test")
    add_member(agency, "ann@show.test", role="admin")
    update_limits(agency.ref.id, limits={"storage_bytes": 2 * GIB}, actor=SYSTEM)
    with tenant_context(agency.ref):
        User.objects.filter(email="ann@show.test").update(is_active=False)
        Balance.objects.update_or_create(
            pk=Balance.ONLY, defaults={"used_bytes": GIB, "used_objects": 7}
        )
        Letter.objects.all().delete()
        later = timezone.now() + timedelta(days=1)  # so that the mailer leaves it
        Letter.objects.create(
            kind="verify_email", recipient="x@show.test", last_error="550 no", due_at=later
        )

    document = json.loads(run_command("show_tenant", agency.slug, "--json"))
    text = run_command("show_tenant", str(agency.ref.id))

    inside = document["inside"]
    assert [owner["email"] for owner in inside["owners"]] == [agency.owner.email]
    assert inside["people"]["admin"] == {"active": 0, "inactive": 1}
    assert inside["active_sessions"] == 3
    assert inside["storage"]["used_bytes"] == GIB
    assert (inside["waiting_emails"], inside["failed_emails"]) == (1, 1)
    assert inside["last_migration"]["name"].count(".") == 1
    assert document["schema"] == agency.ref.schema_name
    assert document["key_version"] == 1
    assert "1 GiB of 2 GiB (50 %)" in text
    assert "1 owner, 1 admin (1 inactive), 1 member" in text
    assert agency.owner.email in text
    assert not any(word in json.dumps(document).lower() for word in SECRETS)
    with tenant_context(agency.ref):
        Letter.objects.all().delete()


def test_state_names_the_next_command(make_tenant):
    tenant = make_tenant()
    suspend_tenant(tenant.id, actor=SYSTEM, reason="Fatura em aberto — março")

    text = run_command("show_tenant", tenant.slug)

    assert f"manage.py resume_tenant {tenant.slug}" in text
    assert "Fatura em aberto — março" in text
    assert f"manage.py invite {tenant.slug} EMAIL --role owner" in text

    schedule_deletion(tenant.id, actor=SYSTEM)
    text = run_command("show_tenant", tenant.slug)
    assert f"delete_tenant {tenant.slug} --call-off" in text
    assert "after an export" in text
    cancel_deletion(tenant.id, actor=SYSTEM)


def test_former_subdomain_is_shown_with_its_end(make_tenant):
    tenant = make_tenant()
    rename_subdomain(tenant.id, subdomain=f"{tenant.slug}-two", redirect_days=3, actor=SYSTEM)

    assert f"{tenant.slug}: redirected until {timezone.now():%Y}" in run_command(
        "show_tenant", str(tenant.id)
    )


def test_unreadable_schema_is_told_and_the_rest_shown(make_tenant, superuser):
    tenant = make_tenant()
    superuser.execute(f"ALTER TABLE {tenant.schema_name}.accounts_letter RENAME TO gone")

    document = json.loads(run_command("show_tenant", tenant.slug, "--json"))
    text = run_command("show_tenant", tenant.slug)

    superuser.execute(f"ALTER TABLE {tenant.schema_name}.gone RENAME TO accounts_letter")
    assert document["inside"] is None
    assert "accounts_letter" in document["inside_error"]
    assert "not readable" in text
    assert tenant.schema_name in text


def test_report_changes_nothing(make_tenant):
    tenant = make_tenant()
    before = Tenant.objects.values().get(pk=tenant.id)

    run_command("show_tenant", tenant.slug)

    assert Tenant.objects.values().get(pk=tenant.id) == before


def test_unknown_tenant_is_refused(committed: None):
    with pytest.raises(CommandError, match="There is no tenant"):
        run_command("show_tenant", "no-such-tenant-anywhere")
