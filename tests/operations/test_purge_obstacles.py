"""Obstacles of a purge: leftovers, concurrent runs, a role that cannot be dropped."""

from pathlib import Path

import pytest
from django.core.management import CommandError

from audit.services import SYSTEM
from operations.deletion.purge import PurgeOptions, purge_tenant
from operations.errors import PurgeNotDueError
from tenants.fleet import records
from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result
from tenants.lifecycle import schedule_deletion
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.operations.test_purge import certificate_of
from tests.support.assert_purged import assert_purged
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.kill_at_call import run_killed
from tests.support.tenants.pg_catalog import orphaned_schemas_and_roles

WITHOUT_EXPORT = PurgeOptions(SYSTEM, export=False)


@pytest.mark.parametrize(
    ("where", "call"),
    [
        (
            "operations.archives.loader:_copy_table",
            3,
        ),  # the archive's schema exists beside the tenant's
        (
            "operations.archives.loader:drop_schema_in_batches",
            5,
        ),  # the old schema exists beside the restored one
    ],
)
def test_purge_removes_leftovers_of_a_killed_restore(
    tenant_to_delete: Agency, tmp_path: Path, superuser, where: str, call: int
):
    tenant, before = tenant_by_slug(tenant_to_delete.slug), orphaned_schemas_and_roles(superuser)
    run_command("export_tenant", tenant_to_delete.slug, "--to", str(tmp_path / "a.tar"))
    run_killed(
        where,
        call,
        "import_tenant",
        str(tmp_path / "a.tar"),
        "--restore",
        tenant_to_delete.slug,
        "--yes",
    )
    assert orphaned_schemas_and_roles(superuser) != before

    run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")

    assert_purged(tenant_to_delete, tenant)
    assert orphaned_schemas_and_roles(superuser) == before


def test_failed_purge_does_not_stop_the_next_tenant(
    tenant_to_delete: Agency, new_agency, superuser
):
    other = new_agency()
    for agency in (tenant_to_delete, other):
        schedule_deletion(agency.ref.id, actor=SYSTEM, days=0, export=False)
    role, gone = tenant_to_delete.ref.schema_name, tenant_by_slug(other.slug)
    superuser.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    try:
        with pytest.raises(CommandError, match="1 failed"):
            run_command("purge_tenants", tenant_to_delete.slug, other.slug)
    finally:
        superuser.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")

    assert_purged(other, gone)
    tenant = tenant_by_slug(tenant_to_delete.slug)
    run_command("purge_tenants", tenant_to_delete.slug)
    assert_purged(tenant_to_delete, tenant)


def test_role_that_cannot_be_dropped_is_reported_in_one_line(tenant_to_delete: Agency, superuser):
    role = tenant_to_delete.ref.schema_name
    superuser.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    command = ("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")
    try:
        with pytest.raises(CommandError, match="depend on it"):
            run_command(*command)
    finally:
        superuser.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
    run_command(*command)


def test_purge_removes_the_tenants_output_of_fleet_runs(tenant_to_delete: Agency):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    member = Member(tenant.pk, tenant.slug, tenant.schema_name, tenant.status)
    fleet_run = records.begin_run("dumpdata", {}, 1)
    try:
        result = Result(Outcome.FAILED, 0.1, f"printed ben@{tenant_to_delete.slug}.test")
        records.record_outcome(fleet_run, member, result)

        run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")

        (kept,) = records.outcomes_of(fleet_run)
        assert (kept.succeeded, kept.detail) == (False, "")
    finally:
        fleet_run.delete(using="owner")


def test_certificate_of_a_continued_purge_names_the_original_contents(
    tenant_to_delete: Agency,
):
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0, export=False)
    listed = tenant_by_slug(tenant_to_delete.slug)
    run_killed(
        "operations.deletion.purge:purge_cache",
        1,
        "purge_tenants",
        tenant_to_delete.slug,
        "--no-export",
    )

    purge_tenant(listed, WITHOUT_EXPORT)

    held = certificate_of(listed).document["held"]
    assert held["tables"]["accounts_user"]["rows"] == 2
    assert held["objects"]["objects"] == 2
    assert_purged(tenant_to_delete, listed)


def test_purge_of_a_purged_tenant_is_refused(tenant_to_delete: Agency):
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0, export=False)
    listed = tenant_by_slug(tenant_to_delete.slug)
    purge_tenant(listed, WITHOUT_EXPORT)

    with pytest.raises(PurgeNotDueError, match="purged meanwhile"):
        purge_tenant(listed, WITHOUT_EXPORT)


@pytest.mark.parametrize("place", [None, "nowhere"])
def test_deletion_without_an_export_folder_is_refused_and_the_tenant_is_served(
    tenant_to_delete: Agency, settings, tmp_path: Path, place: str | None
):
    settings.TENANT_EXPORT_DIR = place and tmp_path / place

    with pytest.raises(CommandError, match="exported first"):
        run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes")

    assert tenant_by_slug(tenant_to_delete.slug).deletion_due_at is None
    assert tenant_by_slug(tenant_to_delete.slug).status == Tenant.Status.ACTIVE
    assert tenant_to_delete.owner.at.get("/api/files").status_code == 200
