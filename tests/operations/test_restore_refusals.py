"""A restore that is refused, or that meets a migration, takes nothing from the tenant."""

import json
import threading
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connections

from audit.services import SYSTEM
from operations.archives.file_format import MANIFEST
from operations.archives.reader import opened
from operations.archives.restore import Loading, restore
from tenants.database.history import ONE_SCHEMA
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.services import mark_deleting
from tests.operations.conftest import run
from tests.operations.test_hostile_archives import members_of, part_of, signed
from tests.support.factories import Agency
from tests.support.table_dumps import rows_of
from tests.support.tenants.pg_catalog import leftovers

WAITING = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s)
"""


@pytest.fixture
def archive(doomed: Agency, tmp_path: Path) -> Path:
    path = tmp_path / "a.tar"
    run("export_tenant", doomed.slug, "--to", str(path))
    return path


def test_with_rows_that_postgresql_refuses_it_is_served_as_before(
    doomed: Agency, archive: Path, superuser
):
    name, text, members = "files_upload", b"nonsense\n", members_of(archive)
    tables = [
        part_of(name, text, part["columns"], 1) if part["name"] == name else part
        for part in json.loads(members[MANIFEST])["tables"]
    ]
    archive.write_bytes(signed({**members, "tables/files_upload.copy": text}, tables=tables))
    before, leaves = rows_of(doomed.slug), leftovers(superuser)
    options = ("--restore", doomed.slug, "--yes", "--accept-foreign")

    with pytest.raises(CommandError, match="refuses the rows"):
        run("import_tenant", str(archive), *options)

    assert doomed.owner.at.get("/api/files").status_code == 200
    assert rows_of(doomed.slug) == before
    assert leftovers(superuser) == leaves


def test_one_whose_purge_has_begun_since_is_left_to_it(doomed: Agency, archive: Path):
    tenant = tenant_by_slug(doomed.slug)
    mark_deleting(tenant.pk, actor=SYSTEM)

    with opened(archive) as found, pytest.raises(TenantNotFound):
        restore(found, tenant, Loading(SYSTEM))

    assert Tenant.objects.get(pk=tenant.pk).maintenance == ""


def test_a_migration_that_is_under_way_ends_first(doomed: Agency, archive: Path, superuser):
    schema = doomed.ref.schema_name
    oid = "SELECT to_regnamespace(%s)::oid"
    before = superuser.execute(oid, [schema]).fetchone()
    superuser.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [ONE_SCHEMA, schema])

    def restoring():
        try:
            run("import_tenant", str(archive), "--restore", doomed.slug, "--yes")
        finally:
            connections.close_all()

    thread = threading.Thread(target=restoring)
    thread.start()
    try:
        waits = False
        while thread.is_alive() and not waits:
            (waits,) = superuser.execute(WAITING, [ONE_SCHEMA]).fetchone()
            thread.join(0.1)
        assert waits
        assert superuser.execute(oid, [schema]).fetchone() == before
    finally:
        superuser.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [ONE_SCHEMA, schema])
        thread.join()
    assert superuser.execute(oid, [schema]).fetchone() != before
