"""A refused restore changes nothing, and a restore waits for a running migration."""

import json
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connections

from audit.services import SYSTEM
from operations.archives.file_format import MANIFEST
from operations.archives.reader import open_archive
from operations.archives.restore import LoadOptions, restore_tenant
from tenants.lifecycle import mark_deleting
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.schemas.schema_state import SCHEMA_LOCK
from tests.operations.test_hostile_archives import members_of, part_of, signed
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.table_dumps import dump_tables
from tests.support.tenants.pg_catalog import orphaned_schemas_and_roles

WAITING = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s)
"""


@pytest.fixture
def archive(tenant_to_delete: Agency, tmp_path: Path) -> Path:
    path = tmp_path / "a.tar"
    run_command("export_tenant", tenant_to_delete.slug, "--to", str(path))
    return path


def test_restore_of_invalid_rows_changes_nothing(
    tenant_to_delete: Agency, archive: Path, superuser
):
    name, text, members = "files_upload", b"nonsense\n", members_of(archive)
    tables = [
        part_of(name, text, part["columns"], 1) if part["name"] == name else part
        for part in json.loads(members[MANIFEST])["tables"]
    ]
    archive.write_bytes(signed({**members, "tables/files_upload.copy": text}, tables=tables))
    before, leaves = dump_tables(tenant_to_delete.slug), orphaned_schemas_and_roles(superuser)
    options = ("--restore", tenant_to_delete.slug, "--yes", "--accept-foreign")

    with pytest.raises(CommandError, match="refuses the rows"):
        run_command("import_tenant", str(archive), *options)

    assert tenant_to_delete.owner.at.get("/api/files").status_code == 200
    assert dump_tables(tenant_to_delete.slug) == before
    assert orphaned_schemas_and_roles(superuser) == leaves


def test_restore_during_a_purge_is_refused(tenant_to_delete: Agency, archive: Path):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    mark_deleting(tenant.pk, actor=SYSTEM)

    with open_archive(archive) as found, pytest.raises(TenantNotFound):
        restore_tenant(found, tenant, LoadOptions(SYSTEM))

    assert Tenant.objects.get(pk=tenant.pk).maintenance == ""


def test_restore_waits_for_a_running_migration(tenant_to_delete: Agency, archive: Path, superuser):
    schema = tenant_to_delete.ref.schema_name
    oid = "SELECT to_regnamespace(%s)::oid"
    before = superuser.execute(oid, [schema]).fetchone()
    superuser.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])

    def restoring():
        try:
            run_command("import_tenant", str(archive), "--restore", tenant_to_delete.slug, "--yes")
        finally:
            connections.close_all()

    thread = threading.Thread(target=restoring)
    thread.start()
    try:
        waits = False
        while thread.is_alive() and not waits:
            (waits,) = superuser.execute(WAITING, [SCHEMA_LOCK]).fetchone()
            thread.join(0.1)
        assert waits
        assert superuser.execute(oid, [schema]).fetchone() == before
    finally:
        superuser.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])
        thread.join()
    assert superuser.execute(oid, [schema]).fetchone() != before
