"""What an archive holds, and which archives an export, an import and a restore refuse."""

import json
import secrets
from pathlib import Path

import pytest
from django.core.management import CommandError

from files.storage.client import client
from tenants.models import Tenant
from tests import stack
from tests.support.archives import export_archive
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.bucket import stored_keys
from tests.support.files.form_uploads import add_file
from tests.support.mail.outbox import wait_for_mail
from tests.support.table_dumps import dump_tables


def test_exports_of_the_same_content_have_equal_parts(tenant_to_delete: Agency, tmp_path: Path):
    one, two = (
        export_archive(tenant_to_delete, tmp_path),
        export_archive(tenant_to_delete, tmp_path),
    )

    def parts(path: Path) -> bytes:
        return path.read_bytes().partition(b"manifest.json")[0]

    assert parts(one) == parts(two)
    assert one.stat().st_mode & 0o777 == 0o600
    assert sorted(tmp_path.iterdir()) == sorted([one, two])


def test_archive_holds_no_data_of_another_tenant(
    tenant_to_delete: Agency, acme: Agency, tmp_path: Path
):
    secret = secrets.token_bytes(40)
    add_file(acme.owner.at, "acmes.bin", secret)

    text = export_archive(tenant_to_delete, tmp_path).read_bytes()

    assert tenant_to_delete.owner.email.encode() in text
    for foreign in (acme.owner.email.encode(), acme.owner.id.encode(), secret, b"acmes.bin"):
        assert foreign not in text


@pytest.mark.parametrize(
    ("app", "name"), [("files", "9999_from_the_future"), ("billing", "0001_initial")]
)
def test_archive_of_a_newer_schema_is_refused_and_creates_no_tenant(
    tenant_to_delete: Agency, tmp_path: Path, superuser, app: str, name: str
):
    history = f"{tenant_to_delete.ref.schema_name}.django_migrations"
    superuser.execute(
        f"INSERT INTO {history} (app, name, applied) VALUES (%s, %s, now())", [app, name]
    )
    archive = export_archive(tenant_to_delete, tmp_path)
    superuser.execute(f"DELETE FROM {history} WHERE name = %s", [name])

    with pytest.raises(CommandError, match=f"{app}.{name}.*newer"):
        run_command("import_tenant", str(archive), "--as", f"{tenant_to_delete.slug}-b")

    assert not Tenant.objects.filter(domains__domain=f"{tenant_to_delete.slug}-b").exists()


def test_import_dry_run_verifies_and_loads_nothing(tenant_to_delete: Agency, tmp_path: Path):
    archive = export_archive(tenant_to_delete, tmp_path)

    out = run_command(
        "import_tenant", str(archive), "--as", f"{tenant_to_delete.slug}-b", "--dry-run"
    )

    assert "2 objects, 0 missing" in out
    assert not Tenant.objects.filter(domains__domain=f"{tenant_to_delete.slug}-b").exists()


def test_restore_of_another_tenants_archive_is_refused(
    tenant_to_delete: Agency, new_agency, tmp_path: Path
):
    archive, other = export_archive(tenant_to_delete, tmp_path), new_agency()
    wait_for_mail(other)
    before = dump_tables(other.slug)

    with pytest.raises(CommandError, match="--as"):
        run_command("import_tenant", str(archive), "--restore", other.slug, "--yes")

    assert dump_tables(other.slug) == before
    assert other.owner.at.get("/api/users/me").status_code == 200


def test_import_under_a_taken_slug_is_refused(
    tenant_to_delete: Agency, acme: Agency, tmp_path: Path
):
    with pytest.raises(CommandError, match="already"):
        run_command(
            "import_tenant", str(export_archive(tenant_to_delete, tmp_path)), "--as", acme.slug
        )

    assert acme.owner.at.get("/api/users/me").status_code == 200


def test_missing_object_is_named_by_the_export(tenant_to_delete: Agency, tmp_path: Path):
    victim = sorted(stored_keys(tenant_to_delete))[0]
    client().delete_object(Bucket=stack.env["S3_BUCKET"], Key=victim)
    path = tmp_path / "a.tar"

    with pytest.raises(CommandError, match=r"Object files/.*: the store does not have it"):
        run_command("export_tenant", tenant_to_delete.slug, "--to", str(path))
    run_command(
        "export_tenant", tenant_to_delete.slug, "--to", str(path), "--resume", "--allow-missing"
    )
    told = json.loads(
        run_command("import_tenant", str(path), "--as", f"{tenant_to_delete.slug}-b", "--json")
    )

    assert (told["missing"], told["sent"]) == (1, 1)


def test_existing_archive_file_is_not_overwritten(tenant_to_delete: Agency, tmp_path: Path):
    path = export_archive(tenant_to_delete, tmp_path)
    before = path.read_bytes()

    with pytest.raises(CommandError, match="exists already"):
        run_command("export_tenant", tenant_to_delete.slug, "--to", str(path))

    assert path.read_bytes() == before
