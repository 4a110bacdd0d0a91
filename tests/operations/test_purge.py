"""manage.py delete_tenant --now and purge_tenants: everything is deleted except a certificate."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.deletion import purge_objects
from operations.deletion.certificates import document_digest, take_inventory
from operations.deletion.purge import stop_serving
from tenants.lifecycle import mark_deleting, schedule_deletion
from tenants.models import DeletionCertificate, Domain, Tenant
from tenants.queries import tenant_by_slug
from tenants.schemas.drop import drop_schema_in_batches
from tests import stack
from tests.support.assert_purged import assert_purged
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.bucket import sha256, stored_keys, unfinished_multiparts
from tests.support.files.form_uploads import add_file
from tests.support.pictures import png

pytestmark = pytest.mark.usefixtures("export_dir")


def certificate_of(tenant: Tenant) -> DeletionCertificate:
    """Return the tenant's certificate after a check of its digest."""
    found = DeletionCertificate.objects.get(tenant_id=tenant.pk)
    assert document_digest(found.document) == found.digest
    return found


def test_delete_dry_run_lists_contents_and_deletes_nothing(tenant_to_delete: Agency):
    out = run_command("delete_tenant", tenant_to_delete.slug, "--dry-run")

    assert "2 rows in files_file\n" in out
    assert "2 objects, 8 bytes, 1 unfinished upload" in out
    assert len(stored_keys(tenant_to_delete)) == 2
    assert tenant_to_delete.owner.at.get("/api/files").status_code == 200


def test_purge_removes_all_of_one_tenant_and_nothing_of_another(
    tenant_to_delete: Agency, acme: Agency, export_dir: Path
):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    Domain.objects.create(
        tenant=tenant, domain=f"www.{tenant_to_delete.slug}.example", kind=Domain.Kind.CUSTOM
    )
    add_file(acme.owner.at, "stays.txt")
    picture = {"content": png(), "headers": {"Content-Type": "image/png"}}
    assert tenant_to_delete.owner.at.put("/api/tenant/logo", **picture).status_code == 200
    others = stored_keys(acme)

    out = run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes")

    assert f"{tenant_to_delete.slug} is gone" in out
    assert_purged(tenant_to_delete, tenant)
    assert stored_keys(acme) == others
    assert acme.owner.at.get("/api/files").status_code == 200
    assert not Domain.objects.filter(domain__contains=tenant_to_delete.slug).exists()


def test_certificate_names_contents_actor_and_archive(tenant_to_delete: Agency, export_dir: Path):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    found = take_inventory(tenant)

    printed = json.loads(
        run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--json")
    )

    certificate = certificate_of(tenant)
    document = certificate.document
    (archive,) = export_dir.iterdir()
    assert printed["digest"] == certificate.digest
    assert document["tenant"]["id"] == str(tenant.pk)
    assert document["tenant"]["domains"] == [tenant_to_delete.slug]
    assert document["requested"]["by"] == {"type": "system", "id": "", "label": ""}
    assert document["held"] == found.as_json()
    assert document["held"]["tables"]["accounts_user"]["rows"] == 2
    assert document["held"]["objects"]["size"] == 8
    assert document["export"] == {
        "file": str(archive),
        "size": archive.stat().st_size,
        "sha256": sha256(archive.read_bytes()),
        "missing": 0,
    }
    assert document["dropped"]["schema"] == tenant.schema_name
    assert archive.stat().st_mode & 0o777 == 0o600


def test_altered_certificate_is_reported(tenant_to_delete: Agency, superuser):
    run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")
    listed = json.loads(run_command("deletion_certificates", "--json"))
    where = f"subdomain = '{tenant_to_delete.slug}'"
    superuser.execute(f"UPDATE tenants_deletioncertificate SET digest = 'x' WHERE {where}")

    with pytest.raises(CommandError, match="1 certificate altered"):
        run_command("deletion_certificates")

    superuser.execute(f"DELETE FROM tenants_deletioncertificate WHERE {where}")
    (mine,) = [row for row in listed if row["subdomain"] == tenant_to_delete.slug]
    assert mine["is_intact"]
    assert mine["document"]["export"] is None


@pytest.mark.parametrize("verb", ["UPDATE {} SET digest = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_application_role_cannot_change_certificates(committed: None, verb: str):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        use_scope(PUBLIC),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format("tenants_deletioncertificate"))


STEPS = [
    lambda tenant: mark_deleting(tenant.pk, actor=SYSTEM),
    lambda tenant: drop_schema_in_batches(tenant.schema_name),
    lambda tenant: purge_objects(tenant.object_prefix),
]


@pytest.mark.parametrize("done", [1, 2, 3])
def test_interrupted_deletion_of_an_older_version_is_completed(tenant_to_delete: Agency, done: int):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    for step in STEPS[:done]:
        step(tenant)

    run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")

    assert_purged(tenant_to_delete, tenant)


def test_purge_without_the_store_deletes_nothing(tenant_to_delete: Agency):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    schedule_deletion(tenant.pk, actor=SYSTEM, days=0)
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError, match="1 failed"):
            run_command("purge_tenants", tenant_to_delete.slug)
    finally:
        stack.start_ready("seaweedfs")

    assert tenant_by_slug(tenant_to_delete.slug).status == Tenant.Status.ACTIVE
    run_command("purge_tenants", tenant_to_delete.slug)
    assert_purged(tenant_to_delete, tenant)


@pytest.mark.parametrize("typed", ["", "yes", "other"])
def test_mistyped_confirmation_deletes_nothing(tenant_to_delete: Agency, monkeypatch, typed: str):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))

    with pytest.raises(CommandError, match="Nothing was deleted"):
        run_command("delete_tenant", tenant_to_delete.slug, "--now")

    assert tenant_by_slug(tenant_to_delete.slug).deletion_due_at is None
    assert len(unfinished_multiparts(tenant_to_delete)) == 1


def test_typed_slug_confirms_the_deletion(tenant_to_delete: Agency, monkeypatch):
    tenant = tenant_by_slug(tenant_to_delete.slug)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{tenant_to_delete.slug}\n"))

    run_command("delete_tenant", tenant_to_delete.slug, "--now", "--no-export")

    assert_purged(tenant_to_delete, tenant)


def test_missing_terminal_for_confirmation_is_reported(tenant_to_delete: Agency, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="--yes"):
        run_command("delete_tenant", tenant_to_delete.slug, "--now")


def test_unknown_slug_is_named_in_the_error(committed):
    with pytest.raises(CommandError, match="nobody-has-this"):
        run_command("delete_tenant", "nobody-has-this", "--now", "--yes")


def test_purge_without_an_export_folder_deletes_nothing(tenant_to_delete: Agency, settings):
    settings.TENANT_EXPORT_DIR = None
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0)

    with pytest.raises(CommandError, match="1 failed"):
        run_command("purge_tenants", tenant_to_delete.slug)

    assert tenant_by_slug(tenant_to_delete.slug).status == Tenant.Status.ACTIVE
    assert len(stored_keys(tenant_to_delete)) == 2


def test_purge_skips_tenants_that_are_not_due(tenant_to_delete: Agency, new_agency):
    waiting = new_agency()
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0, export=False)
    schedule_deletion(waiting.ref.id, actor=SYSTEM, days=1, export=False)
    tenant = tenant_by_slug(tenant_to_delete.slug)

    listed = json.loads(
        run_command("purge_tenants", tenant_to_delete.slug, waiting.slug, "--dry-run", "--json")
    )
    run_command("purge_tenants", tenant_to_delete.slug, waiting.slug)

    assert [row["slug"] for row in listed] == [tenant_to_delete.slug]
    assert_purged(tenant_to_delete, tenant)
    assert tenant_by_slug(waiting.slug).status == Tenant.Status.ACTIVE


def test_purge_of_a_cancelled_deletion_does_nothing(tenant_to_delete: Agency):
    schedule_deletion(tenant_to_delete.ref.id, actor=SYSTEM, days=0)
    listed = tenant_by_slug(tenant_to_delete.slug)
    run_command("delete_tenant", tenant_to_delete.slug, "--call-off")
    schedule_deletion(
        tenant_to_delete.ref.id, actor=SYSTEM, days=0
    )  # a new request after a cancelled one

    with pytest.raises(Exception, match="called off"):
        stop_serving(listed, actor=SYSTEM)

    assert tenant_by_slug(tenant_to_delete.slug).status == Tenant.Status.ACTIVE


def test_scheduled_tenant_is_not_served_until_cancelled(tenant_to_delete: Agency):
    day = (timezone.now() + timedelta(days=3)).date().isoformat()

    told = json.loads(run_command("delete_tenant", tenant_to_delete.slug, "--days", "3", "--json"))
    refused = tenant_to_delete.owner.at.get("/api/files")
    run_command("delete_tenant", tenant_to_delete.slug, "--call-off")

    assert told["deletion_due_at"].startswith(day)
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert day in refused.json()["detail"]
    assert tenant_to_delete.owner.at.get("/api/files").status_code == 200
