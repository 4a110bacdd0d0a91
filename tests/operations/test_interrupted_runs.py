"""Export, import, clone and purge: a killed command is completed by the next run."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError

from audit.services import SYSTEM
from operations.archives.snapshot import open_snapshot
from operations.errors import ArchiveError
from tenants.lifecycle import schedule_deletion
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests import stack
from tests.operations.test_purge import certificate_of
from tests.support.assert_purged import assert_purged
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.kill_at_call import run_killed
from tests.support.table_dumps import TENANT_BOUND_TABLES, dump_tables, object_digests
from tests.support.tenants.pg_catalog import orphaned_schemas_and_roles


def parts(path: Path) -> bytes:
    """Return the members before the manifest, which do not depend on the time of the export."""
    return path.read_bytes().partition(b"manifest.json")[0]


@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("operations.archives.writer:MemberWriter.add", 4),  # in the middle of the tables
        ("operations.archives.export:count_progress", 2),  # at the second object
        ("operations.archives.export:open_archive", 1),  # written, not read back
        ("operations.archives.export:rename_durably", 1),
    ],
)
def test_killed_export_resumes_to_an_equal_archive(
    tenant_to_delete: Agency, tmp_path: Path, where: str, call: int
):
    path, whole = tmp_path / "a.tar", tmp_path / "whole.tar"
    run_killed(where, call, "export_tenant", tenant_to_delete.slug, "--to", str(path))
    assert not path.exists()
    assert (tmp_path / "a.tar.partial").stat().st_mode & 0o777 == 0o600
    run_command("export_tenant", tenant_to_delete.slug, "--to", str(whole))

    run_command("export_tenant", tenant_to_delete.slug, "--to", str(path), "--resume")

    assert parts(path) == parts(whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar", "whole.tar"]


def test_resumed_export_keeps_its_first_snapshot(tenant_to_delete: Agency, tmp_path: Path):
    path = tmp_path / "a.tar"
    run_killed(
        "operations.archives.export:count_progress",
        2,
        "export_tenant",
        tenant_to_delete.slug,
        "--to",
        str(path),
    )
    add_file(tenant_to_delete.owner.at, "since.txt", b"made since")

    run_command("export_tenant", tenant_to_delete.slug, "--to", str(path), "--resume")
    told = json.loads(
        run_command(
            "import_tenant", str(path), "--as", f"{tenant_to_delete.slug}-b", "--dry-run", "--json"
        )
    )

    assert told["objects"] == 2
    assert b"since.txt" not in path.read_bytes()


def test_export_resumes_after_a_store_outage(tenant_to_delete: Agency, tmp_path: Path):
    path = tmp_path / "a.tar"
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError, match="--resume"):
            run_command("export_tenant", tenant_to_delete.slug, "--to", str(path))
    finally:
        stack.start_ready("seaweedfs")

    run_command("export_tenant", tenant_to_delete.slug, "--to", str(path), "--resume")

    assert path.exists()


def test_journal_of_another_tenant_or_file_is_refused(
    tenant_to_delete: Agency, acme: Agency, tmp_path: Path
):
    path = tmp_path / "a.tar"
    run_killed(
        "operations.archives.export:count_progress",
        2,
        "export_tenant",
        tenant_to_delete.slug,
        "--to",
        str(path),
    )

    with pytest.raises(CommandError, match="another tenant's"):
        run_command("export_tenant", acme.slug, "--to", str(path), "--resume")
    (tmp_path / "a.tar.partial").write_bytes(b"")
    with pytest.raises(CommandError, match="shorter than its journal"):
        run_command("export_tenant", tenant_to_delete.slug, "--to", str(path), "--resume")


@pytest.fixture
def archive(tenant_to_delete: Agency, tmp_path: Path) -> Path:
    path = tmp_path / "a.tar"
    run_command("export_tenant", tenant_to_delete.slug, "--to", str(path))
    return path


@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("operations.archives.object_transfer:_upload_object", 2),
        ("operations.archives.loader:_copy_table", 3),
        ("operations.archives.loader:_swap_schemas", 1),
        ("operations.archives.restore:remove_unreferenced", 1),
    ],
)
def test_killed_import_is_completed_by_the_next_run(
    tenant_to_delete: Agency, archive: Path, site, superuser, where: str, call: int
):
    slug = f"{tenant_to_delete.slug}-b"
    before = orphaned_schemas_and_roles(superuser)
    command = ["import_tenant", str(archive), "--as", slug]
    run_killed(where, call, *command)
    assert site.host(slug).get("/api/users/me").status_code == 503

    run_command(*command)

    assert dump_tables(slug, without=TENANT_BOUND_TABLES) == dump_tables(
        tenant_to_delete.slug, without=TENANT_BOUND_TABLES
    )
    assert len(object_digests(tenant_by_slug(slug))) == 2
    assert site.host(slug).get("/api/users/me").status_code == 401
    assert orphaned_schemas_and_roles(superuser) == before


@pytest.mark.parametrize(
    ("where", "call"),
    [("operations.archives.loader:_copy_table", 3), ("operations.archives.restore:rotate_key", 1)],
)
def test_killed_restore_is_completed_by_the_next_run(
    tenant_to_delete: Agency, archive: Path, superuser, where: str, call: int
):
    before, leaves = (
        dump_tables(tenant_to_delete.slug, without=TENANT_BOUND_TABLES),
        orphaned_schemas_and_roles(superuser),
    )
    add_file(tenant_to_delete.owner.at, "since.txt", b"made since")
    command = ["import_tenant", str(archive), "--restore", tenant_to_delete.slug, "--yes"]
    run_killed(where, call, *command)
    assert tenant_to_delete.owner.at.get("/api/users/me").status_code == 503

    run_command(*command)

    after = dump_tables(tenant_to_delete.slug, without=TENANT_BOUND_TABLES)
    # The restore writes audit events and revokes e-mail tokens.
    ends = {"audit_auditevent", "audit_auditlink", "accounts_maillink"}
    for table in set(before) - ends:
        assert after[table] == before[table], table
    assert len(object_digests(tenant_by_slug(tenant_to_delete.slug))) == 2
    assert orphaned_schemas_and_roles(superuser) == leaves


def test_killed_clone_is_completed_by_the_next_run(tenant_to_delete: Agency, site):
    slug = f"{tenant_to_delete.slug}-s"
    run_killed(
        "operations.archives.clone:copy_objects", 1, "clone_tenant", tenant_to_delete.slug, slug
    )
    assert site.host(slug).get("/api/users/me").status_code == 503

    told = json.loads(run_command("clone_tenant", tenant_to_delete.slug, slug, "--json"))

    login = {"email": told["owner"], "password": told["password"]}
    assert site.host(slug).post("/api/auth/login", login).status_code == 200
    assert len(object_digests(tenant_by_slug(slug))) == 2


def test_clone_continued_without_objects_keeps_none(tenant_to_delete: Agency):
    slug = f"{tenant_to_delete.slug}-s"
    run_killed(
        "operations.archives.clone:reset_owner_password",
        1,
        "clone_tenant",
        tenant_to_delete.slug,
        slug,
    )
    assert len(object_digests(tenant_by_slug(slug))) == 2

    run_command("clone_tenant", tenant_to_delete.slug, slug, "--without-objects")

    assert object_digests(tenant_by_slug(slug)) == {}


@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("operations.archives.export:count_progress", 2),
        ("operations.deletion.purge:stop_serving", 1),
        ("operations.deletion.purge:drop_schema_in_batches", 1),
        ("tenants.schemas.drop:_run_in_transaction", 2),  # foreign keys are dropped, tables are not
        ("operations.deletion.purge:create_certificate", 1),
    ],
)
def test_killed_purge_is_completed_by_the_next_run(
    tenant_to_delete: Agency, export_dir: Path, where: str, call: int
):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    schedule_deletion(tenant.pk, actor=SYSTEM, days=0)
    command = ["purge_tenants", tenant_to_delete.slug]
    run_killed(where, call, *command, TENANT_EXPORT_DIR=str(export_dir))
    assert Tenant.objects.filter(pk=tenant.pk).exists()

    run_command(*command)

    assert_purged(tenant_to_delete, tenant)
    document = certificate_of(tenant).document
    (path,) = export_dir.iterdir()
    assert document["export"]["file"] == str(path)
    assert document["held"]["tables"]["accounts_user"]["rows"] == 2
    assert document["held"]["objects"]["objects"] == 2
    assert re.fullmatch(r"[0-9a-f]{64}", document["held"]["objects"]["listing"])


def test_rows_written_after_a_killed_purge_are_exported(
    tenant_to_delete: Agency, export_dir: Path, superuser
):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    schedule_deletion(tenant.pk, actor=SYSTEM, days=0)
    where = "operations.deletion.purge:stop_serving"
    run_killed(where, 1, "purge_tenants", tenant_to_delete.slug, TENANT_EXPORT_DIR=str(export_dir))
    superuser.execute(f"UPDATE {tenant.schema_name}.accounts_user SET first_name = 'Latecomer'")

    run_command("purge_tenants", tenant_to_delete.slug)

    document = certificate_of(tenant).document
    archive = Path(document["export"]["file"])
    assert b"Latecomer" in archive.read_bytes()
    assert len(list(export_dir.iterdir())) == 2  # the earlier archive is kept
    told = json.loads(
        run_command(
            "import_tenant", str(archive), "--as", tenant_to_delete.slug, "--dry-run", "--json"
        )
    )
    assert told["sha256"] == document["export"]["sha256"]


def test_migration_during_an_export_is_detected(tenant_to_delete: Agency, superuser):
    history = f"{tenant_to_delete.ref.schema_name}.django_migrations"

    with (
        pytest.raises(ArchiveError, match="migrated meanwhile"),
        open_snapshot(tenant_to_delete.ref.schema_name) as snapshot,
    ):
        superuser.execute(f"INSERT INTO {history} (app, name, applied) VALUES ('x', 'y', now())")
        assert ("x", "y") not in snapshot.migrations()
