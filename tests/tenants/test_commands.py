"""manage.py create_tenant, list_tenants and migrate_schemas."""

import io
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from accounts.models import User
from audit.services import SYSTEM
from tenants.context import ref_of, tenant_context
from tenants.fleet.control import FLEET_LOCK
from tenants.lifecycle import begin_maintenance, cancel_deletion, end_maintenance, schedule_deletion
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.support.tenants.pg_catalog import orphaned_schemas_and_roles


def run(*arguments: str, **options: Any) -> str:
    """Run a command in-process and return its output."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


@pytest.fixture
def slug() -> str:
    return f"c{secrets.token_hex(6)}"


@pytest.fixture
def outdated_schema(make_tenant, superuser) -> Iterator[str]:
    """The schema of a tenant that lacks the last table."""
    schema = make_tenant().schema_name
    superuser.execute(f"DROP TABLE {schema}.idempotency_answer")
    superuser.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'idempotency'")
    yield schema
    run("migrate_schemas")


@pytest.fixture
def failing_schema(make_tenant, superuser) -> Iterator[str]:
    """The schema of a tenant that cannot be migrated: a table exists already."""
    schema = make_tenant().schema_name
    superuser.execute(f"DELETE FROM {schema}.django_migrations WHERE app = 'idempotency'")
    yield schema
    superuser.execute(
        f"INSERT INTO {schema}.django_migrations (app, name, applied) "
        "VALUES ('idempotency', '0001_initial', now())"
    )


def test_create_tenant_prints_url_and_owner_credentials(committed: None, slug: str):
    made = json.loads(run("create_tenant", slug, "--owner", "Ada@C.test", "--json"))

    tenant = tenant_by_slug(slug)
    assert (made["id"], made["schema"]) == (str(tenant.id), tenant.schema_name)
    assert made["object_prefix"] == tenant.object_prefix
    assert len(made["password"]) >= 15
    with tenant_context(ref_of(tenant)):
        owner = User.objects.get()
    assert (owner.email, owner.role, made["owner"]) == ("ada@c.test", "owner", "ada@c.test")


@pytest.mark.parametrize(
    "arguments",
    [
        ["www", "--owner", "a@b.test"],
        ["-x-", "--owner", "a@b.test"],
        ["{slug}", "--owner", "a@b.test", "--password-file", "/dev/null"],
        ["{slug}", "--owner", "not-an-address"],
        ["{slug}", "--owner", "a@b.test", "--name", "x" * 121],
        ["{slug}", "--owner", "a@b.test", "--first-name", "x" * 101],
    ],
)
def test_create_tenant_invalid_input_is_refused_in_one_line(committed, superuser, slug, arguments):
    before = Tenant.objects.count()

    with pytest.raises(CommandError) as caught:
        run("create_tenant", *(a.format(slug=slug) for a in arguments))

    assert "\n" not in str(caught.value)
    assert Tenant.objects.count() == before
    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_list_tenants_json_describes_each_tenant(make_tenant):
    tenant = make_tenant()

    rows = {row["id"]: row for row in json.loads(run("list_tenants", "--json"))}

    assert rows[str(tenant.id)]["subdomain"] == tenant.slug
    assert rows[str(tenant.id)]["schema"] == tenant.schema_name
    assert rows[str(tenant.id)]["state"] == "active"
    assert tenant.slug in run("list_tenants")


def test_list_tenants_shows_the_effective_state(make_tenant):
    failed, scheduled = make_tenant(), make_tenant()
    begin_maintenance(failed.id, Tenant.Maintenance.MIGRATION_FAILED, actor=SYSTEM)
    schedule_deletion(scheduled.id, actor=SYSTEM)

    rows = {row["id"]: row for row in json.loads(run("list_tenants", "--json"))}

    assert rows[str(failed.id)]["state"] == "migration_failed"
    assert rows[str(scheduled.id)]["state"].startswith("to be deleted 20")
    assert rows[str(scheduled.id)]["deletion_due_at"].endswith("Z")
    cancel_deletion(scheduled.id, actor=SYSTEM)
    end_maintenance(failed.id, actor=SYSTEM)


def test_migrate_schemas_second_run_changes_nothing(make_tenant, superuser):
    make_tenant()
    run("migrate_schemas")
    before = superuser.execute("SELECT xmin::text, ctid::text FROM django_migrations").fetchall()

    text = run("migrate_schemas")

    assert "public: 0 migrations" in text
    assert "template: up to date" in text
    assert "migrated 0" in text
    after = superuser.execute("SELECT xmin::text, ctid::text FROM django_migrations").fetchall()
    assert after == before


def test_outdated_schema_is_migrated(outdated_schema: str, superuser):
    text = run("migrate_schemas")

    assert "migrated 1" in text
    there = superuser.execute("SELECT to_regclass(%s)", [f"{outdated_schema}.idempotency_answer"])
    assert there.fetchone() != (None,)
    rights = superuser.execute(
        "SELECT has_table_privilege(%s, %s, 'INSERT'), has_table_privilege(%s, %s, 'INSERT')",
        [
            outdated_schema,
            f"{outdated_schema}.idempotency_answer",
            outdated_schema,
            f"{outdated_schema}.django_migrations",
        ],
    )
    assert rights.fetchone() == (True, False)


def test_failed_migration_does_not_stop_other_tenants(
    outdated_schema: str, failing_schema: str, superuser
):
    with pytest.raises(CommandError, match=failing_schema):
        run("migrate_schemas")

    there = superuser.execute("SELECT to_regclass(%s)", [f"{outdated_schema}.idempotency_answer"])
    assert there.fetchone() != (None,)


def test_missing_schema_does_not_stop_other_tenants(make_tenant, outdated_schema: str, superuser):
    gone = make_tenant().schema_name
    superuser.execute(f"DROP SCHEMA {gone} CASCADE")
    superuser.execute(f"DROP ROLE {gone}")
    try:
        with pytest.raises(CommandError, match=gone):
            run("migrate_schemas")
        there = superuser.execute(
            "SELECT to_regclass(%s)", [f"{outdated_schema}.idempotency_answer"]
        )
        assert there.fetchone() != (None,)

        Tenant.objects.filter(schema_name=gone).update(status="deleting")
        assert "migrated 0" in run("migrate_schemas")
    finally:
        Tenant.objects.filter(schema_name=gone).delete()


def test_concurrent_migrate_schemas_is_refused(committed: None, superuser):
    superuser.execute("SELECT pg_advisory_lock(%s)", [FLEET_LOCK])
    try:
        with pytest.raises(CommandError, match="Another migrate_schemas"):
            run("migrate_schemas")
    finally:
        superuser.execute("SELECT pg_advisory_unlock(%s)", [FLEET_LOCK])
        connections["owner"].close()


def test_models_have_no_change_without_migration(committed: None):
    run("makemigrations", check_changes=True, dry_run=True)


def test_outdated_template_is_rebuilt(make_tenant, superuser):
    superuser.execute("UPDATE aggios.tenant_template SET digest = 'old', ddl = 'SELECT 1/0'")

    assert "template: rebuilt" in run("migrate_schemas")
    assert make_tenant()


def test_rename_tenant_reports_the_redirect(make_tenant, slug: str):
    tenant = make_tenant()

    told = json.loads(run("rename_tenant", tenant.slug, slug, "--redirect-days", "3", "--json"))

    assert (told["id"], told["subdomain"]) == (str(tenant.id), slug)
    assert list(told["redirected_until"]) == [tenant.slug]
    assert f"{tenant.slug} redirects there until" in run("rename_tenant", slug, slug)


@pytest.mark.parametrize("wanted", ["www", "-x-", "{other}"])
def test_rename_tenant_invalid_input_is_refused_in_one_line(make_tenant, wanted: str):
    tenant, other = make_tenant(), make_tenant()

    with pytest.raises(CommandError) as caught:
        run("rename_tenant", tenant.slug, wanted.format(other=other.slug))

    assert "\n" not in str(caught.value)
    assert tenant_by_slug(tenant.slug).id == tenant.id
