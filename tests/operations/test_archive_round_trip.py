"""Export and import of a tenant: every row and every object of the archive is restored."""

import json
import secrets
from pathlib import Path

import pytest

from accounts.models import Authenticator, RecoveryCode, User
from audit.models import AuditEvent
from core.images.cleaning import clean_image
from files.storage.client import client
from tenants.branding import logo_of
from tenants.context import ref_of, tenant_context
from tenants.queries import tenant_by_slug
from tests import stack
from tests.support.accounts.second_factors import enrol_totp
from tests.support.archives import export_archive
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.bucket import keys_under, stored_keys
from tests.support.files.form_uploads import add_file
from tests.support.files.shares import audit_events, create_share, open_share, share_path
from tests.support.http_client import PASSWORD, Site
from tests.support.pictures import png
from tests.support.table_dumps import TENANT_BOUND_TABLES, dump_tables, object_digests
from tests.support.tenants.pg_catalog import describe_schema

LARGE = secrets.token_bytes(9 * 1024 * 1024)  # larger than a part, so the upload has several


@pytest.fixture
def full(tenant_to_delete: Agency) -> Agency:
    """An agency with two versions of a file, a large one, one in the trash, unusual names."""
    at = tenant_to_delete.owner.at
    add_file(at, "a.txt", b"a second version")
    add_file(at, "large.bin", LARGE)
    add_file(at, "и 'quotes' {}.txt", b"")
    with tenant_context(tenant_to_delete.ref):
        User.objects.filter(pk=tenant_to_delete.owner.id).update(
            first_name="\\N\t\r\n\\. 'a' \\x41 и\u2028"
        )
    gone = add_file(at, "gone.txt", b"in the trash")
    at.delete(f"/api/files/{gone['id']}")
    return tenant_to_delete


def test_import_as_a_new_tenant_restores_equal_rows_and_objects(
    full: Agency, site: Site, tmp_path: Path, superuser
):
    archive = export_archive(full, tmp_path)
    slug = f"{full.slug}-b"

    told = json.loads(run_command("import_tenant", str(archive), "--as", slug, "--json"))

    old, new = tenant_by_slug(full.slug), tenant_by_slug(slug)
    assert dump_tables(slug, without=TENANT_BOUND_TABLES) == dump_tables(
        full.slug, without=TENANT_BOUND_TABLES
    )
    assert {dump_tables(slug)[table] for table in TENANT_BOUND_TABLES} == {b""}
    assert object_digests(new) == {
        n: s for n, s in object_digests(old).items() if n != "files/unfinished"
    }
    assert len(object_digests(new)) == 6
    assert {old.pk, old.schema_name, old.object_prefix}.isdisjoint(
        {new.pk, new.schema_name, new.object_prefix}
    )
    assert describe_schema(superuser, new.schema_name) == describe_schema(
        superuser, old.schema_name
    )
    assert (told["sent"], told["missing"], told["is_ours"]) == (6, 0, True)


def test_import_restores_preferences_of_the_tenant_and_its_users(full: Agency, tmp_path: Path):
    chosen = {"language": "pt-br", "time_zone": "America/Sao_Paulo"}
    full.owner.at.patch("/api/tenant", {"settings": {**chosen, "sessions_per_user": 9}})
    full.owner.at.patch("/api/users/me", {"language": "en", "time_zone": "Europe/Lisbon"})
    slug = f"{full.slug}-b"

    run_command("import_tenant", str(export_archive(full, tmp_path)), "--as", slug)

    new = ref_of(tenant_by_slug(slug))
    assert dict(new.settings) == chosen
    with tenant_context(new):
        owner = User.objects.get(pk=full.owner.id)
    assert (owner.language, owner.time_zone) == ("en", "Europe/Lisbon")


def test_import_as_a_new_tenant_has_logo_and_colour(full: Agency, site: Site, tmp_path: Path):
    ada = full.owner.at
    ada.patch("/api/tenant", {"settings": {"accent_color": "#ffd500"}})
    ada.put("/api/tenant/logo", content=png(), headers={"Content-Type": "image/png"})
    slug = f"{full.slug}-b"

    run_command("import_tenant", str(export_archive(full, tmp_path)), "--as", slug)

    new = site.host(slug)
    assert "--brand: #ffd500" in new.get("/theme.css").text
    assert new.get("/logo").content == full.host.get("/logo").content == clean_image(png()).data
    copy, original = ref_of(tenant_by_slug(slug)), full.ref
    assert dict(copy.settings)["logo"] == dict(original.settings)["logo"]
    name = logo_of(copy).object_name
    assert f"{copy.object_prefix}/{name}" in keys_under(f"{copy.object_prefix}/")


def test_restore_keeps_the_present_logo(full: Agency, tmp_path: Path):
    headers = {"Content-Type": "image/png"}
    full.owner.at.put("/api/tenant/logo", content=png(), headers=headers)
    archive = export_archive(full, tmp_path)
    newer = png(color=b"\xff\x00\x00")
    full.owner.at.put("/api/tenant/logo", content=newer, headers=headers)

    run_command("import_tenant", str(archive), "--restore", full.slug, "--yes")

    assert full.host.get("/logo").content == clean_image(newer).data
    assert len(keys_under(f"{full.ref.object_prefix}/logo/")) == 1


def test_export_without_the_object_of_the_logo_is_complete_otherwise(
    full: Agency, site: Site, tmp_path: Path
):
    headers = {"Content-Type": "image/png"}
    full.owner.at.put("/api/tenant/logo", content=png(), headers=headers)
    key = f"{full.ref.object_prefix}/{logo_of(full.ref).object_name}"
    client().delete_object(Bucket=stack.env["S3_BUCKET"], Key=key)
    slug = f"{full.slug}-b"

    run_command("import_tenant", str(export_archive(full, tmp_path)), "--as", slug)

    assert "logo" not in dict(ref_of(tenant_by_slug(slug)).settings)
    assert site.host(slug).get("/logo").status_code == 404


def test_imported_tenant_is_served_and_refuses_old_tokens(full: Agency, site: Site, tmp_path: Path):
    slug = f"{full.slug}-b"
    run_command(
        "import_tenant", str(export_archive(full, tmp_path)), "--as", slug, "--name", "Second"
    )
    host = site.host(slug)

    with_old_token = host.with_token(full.owner.access_token).get("/api/users/me")
    login = host.post("/api/auth/login", {"email": full.owner.email, "password": PASSWORD}).json()
    at = host.with_token(login["access_token"])
    files = {file["name"]: file["id"] for file in at.get("/api/files").json()["results"]}

    assert with_old_token.status_code == 401
    assert at.get(f"/api/files/{files['large.bin']}/content").content == LARGE
    assert tenant_by_slug(slug).name == "Second"
    assert add_file(at, "new.txt")["version"] == 1
    assert full.owner.at.get("/api/users/me").status_code == 200


def test_restore_in_place_recovers_rows_and_objects(full: Agency, tmp_path: Path, superuser):
    before, objects = dump_tables(full.slug), object_digests(tenant_by_slug(full.slug))
    archive = export_archive(full, tmp_path)
    add_file(full.owner.at, "since.txt", b"made since")
    victim = sorted(stored_keys(full))[0]
    client().delete_object(Bucket=stack.env["S3_BUCKET"], Key=victim)
    other = sorted(stored_keys(full))[0]
    client().put_object(Bucket=stack.env["S3_BUCKET"], Key=other, Body=b"other")
    superuser.execute(f"DROP TABLE {full.ref.schema_name}.idempotency_answer")

    told = json.loads(
        run_command("import_tenant", str(archive), "--restore", full.slug, "--yes", "--json")
    )

    after = dump_tables(full.slug)
    # The restore ends sessions and e-mail tokens, and writes audit events for that.
    ends = ("accounts_maillink", "accounts_session", "audit_auditevent", "audit_auditlink")
    assert {n: t for n, t in after.items() if n not in ends} == {
        n: t for n, t in before.items() if n not in ends
    }
    assert set(before["audit_auditevent"].splitlines()) < set(
        after["audit_auditevent"].splitlines()
    )
    assert object_digests(tenant_by_slug(full.slug)) == objects
    assert (told["sent"], told["removed"]) == (2, 1)
    assert full.owner.at.get("/api/users/me").status_code == 401
    again = full.host.post("/api/auth/login", {"email": full.owner.email, "password": PASSWORD})
    assert again.status_code == 200


def test_import_as_a_new_tenant_removes_second_factors(
    tenant_to_delete: Agency, site: Site, tmp_path: Path
):
    enrol_totp(tenant_to_delete.owner)
    slug = f"{tenant_to_delete.slug}-f"

    run_command("import_tenant", str(export_archive(tenant_to_delete, tmp_path)), "--as", slug)

    body = {"email": tenant_to_delete.owner.email, "password": PASSWORD}
    assert site.host(slug).post("/api/auth/login", body).status_code == 200
    with tenant_context(ref_of(tenant_by_slug(slug))):
        assert not Authenticator.objects.exists()
        assert not RecoveryCode.objects.exists()
        event = AuditEvent.objects.get(action="factor.removed", details__why="imported")
    assert event.target_id == tenant_to_delete.owner.id


def test_restore_voids_all_recovery_codes(tenant_to_delete: Agency, tmp_path: Path):
    enrolled = enrol_totp(tenant_to_delete.owner)
    archive = export_archive(tenant_to_delete, tmp_path)
    body = {"email": tenant_to_delete.owner.email, "password": PASSWORD}
    used, unused = enrolled.recovery_codes[:2]
    login = tenant_to_delete.host.post("/api/auth/login", {**body, "code": used})
    assert login.status_code == 200

    run_command("import_tenant", str(archive), "--restore", tenant_to_delete.slug, "--yes")

    for code in (used, unused):
        assert (
            tenant_to_delete.host.post("/api/auth/login", {**body, "code": code}).status_code == 401
        )
    again = tenant_to_delete.host.post("/api/auth/login", {**body, "code": enrolled.app.code()})
    assert again.status_code == 200
    at = tenant_to_delete.host.with_token(again.json()["access_token"])
    assert at.get("/api/auth/factors").json()["recovery_codes_left"] == 0
    assert len(at.post("/api/auth/recovery-codes").json()["recovery_codes"]) == 10
    with tenant_context(tenant_to_delete.ref):
        event = AuditEvent.objects.get(action="recovery_codes.voided")
    assert event.details == {"cause": "restored", "count": 10}


def test_api_keys_are_revoked_by_restore_and_import(tenant_to_delete: Agency, tmp_path: Path):
    body = {"name": "ci", "scopes": ["files:read"]}
    revoked, kept = (tenant_to_delete.owner.at.post("/api/keys", body).json() for _ in range(2))
    archive = export_archive(tenant_to_delete, tmp_path)
    tenant_to_delete.owner.at.delete(f"/api/keys/{revoked['id']}")

    run_command("import_tenant", str(archive), "--restore", tenant_to_delete.slug, "--yes")

    for key in (revoked, kept):
        assert tenant_to_delete.host.with_token(key["key"]).get("/api/files").status_code == 401
    run_command("delete_tenant", tenant_to_delete.slug, "--now", "--yes", "--no-export")
    run_command("import_tenant", str(archive), "--as", tenant_to_delete.slug)
    for key in (revoked, kept):
        assert tenant_to_delete.host.with_token(key["key"]).get("/api/files").status_code == 401


def test_share_links_are_revoked_by_restore_and_import(
    tenant_to_delete: Agency, site: Site, tmp_path: Path
):
    """All links are revoked: the archive does not say which were revoked after the export."""
    revoked, kept = create_share(tenant_to_delete.owner.at), create_share(tenant_to_delete.owner.at)
    archive, slug = export_archive(tenant_to_delete, tmp_path), f"{tenant_to_delete.slug}-b"
    tenant_to_delete.owner.at.delete(f"/api/shares/{revoked['id']}")

    run_command("import_tenant", str(archive), "--as", slug)
    elsewhere = [site.host(slug).get(share_path(share)).status_code for share in (revoked, kept)]
    run_command("import_tenant", str(archive), "--restore", tenant_to_delete.slug, "--yes")

    assert elsewhere == [404, 404]
    assert [open_share(tenant_to_delete, share).status_code for share in (revoked, kept)] == [
        404,
        404,
    ]
    assert [
        event.details["count"] for event in audit_events(tenant_to_delete, "shares.revoked")
    ] == [2]


def test_purged_tenant_can_be_imported_under_its_slug(full: Agency, tmp_path: Path):
    before = dump_tables(full.slug, without=TENANT_BOUND_TABLES)
    run_command("delete_tenant", full.slug, "--now", "--yes", "--to", str(tmp_path))
    (archive,) = tmp_path.iterdir()

    run_command("import_tenant", str(archive), "--as", full.slug)

    assert dump_tables(full.slug, without=TENANT_BOUND_TABLES) == before
    answer = full.host.post("/api/auth/login", {"email": full.owner.email, "password": PASSWORD})
    assert answer.status_code == 200


def test_archive_of_an_older_schema_is_migrated(
    tenant_to_delete: Agency, acme: Agency, tmp_path: Path, superuser
):
    schema = tenant_to_delete.ref.schema_name
    superuser.execute(f"DROP TABLE {schema}.idempotency_answer")
    since = ("password_change_required", "language", "time_zone")
    dropped = ", ".join(f"DROP COLUMN {name}" for name in since)
    superuser.execute(f"ALTER TABLE {schema}.accounts_user {dropped}")
    superuser.execute(
        f"DELETE FROM {schema}.django_migrations WHERE app = 'idempotency' "
        "OR (app = 'accounts' AND name >= '0005')"
    )
    change = f"UPDATE {schema}.accounts_user SET email = 'old@faß.example' WHERE role = 'owner'"
    superuser.execute(change)
    archive = export_archive(tenant_to_delete, tmp_path)
    slug = f"{tenant_to_delete.slug}-b"

    told = json.loads(run_command("import_tenant", str(archive), "--as", slug, "--json"))
    run_command("migrate_schemas", "--tenants", f"{slug},{tenant_to_delete.slug}")

    new = tenant_by_slug(slug)
    assert told["migrations"] >= 1
    # The dropped column left a gap in the column numbers of the exported tenant.
    expected = describe_schema(superuser, acme.ref.schema_name)
    expected["sequences"] = describe_schema(superuser, tenant_to_delete.ref.schema_name)[
        "sequences"
    ]
    assert describe_schema(superuser, new.schema_name) == expected
    owners = f"SELECT email FROM {new.schema_name}.accounts_user WHERE role = 'owner'"
    assert superuser.execute(owners).fetchall() == [("old@xn--fa-hia.example",)]
    without = (*TENANT_BOUND_TABLES, "django_migrations")
    assert dump_tables(slug, without=without) == dump_tables(tenant_to_delete.slug, without=without)
