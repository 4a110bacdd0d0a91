"""What operators run: setting the store up, and deleting a tenant for good."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from aggios.tenant_deletion import take_inventory
from audit.models import AuditEvent
from audit.services import SYSTEM
from core.database.scope import PUBLIC, enter
from files.purging import purge_objects
from files.store import client
from tenants.database.migrating import drop_schema
from tenants.models import Domain, Tenant
from tenants.queries import tenant_by_slug
from tenants.services import mark_deleting
from tests import stack
from tests.cast import Agency
from tests.files.bucket import keys_of, keys_under, unfinished_of
from tests.files.forms import uploaded


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


# -- setup_storage ------------------------------------------------------------------------------
@pytest.fixture
def bucket(settings, stores):
    """A bucket of its own, gone afterwards."""
    settings.S3_BUCKET = "setup-test"
    yield settings.S3_BUCKET
    client().delete_bucket(Bucket=settings.S3_BUCKET)


def test_the_bucket_is_made_once_and_its_origins_follow_the_settings(bucket: str, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://dash.example"]
    first = run("setup_storage")
    again = run("setup_storage")
    (rule,) = client().get_bucket_cors(Bucket=bucket)["CORSRules"]
    settings.CORS_ALLOWED_ORIGINS = []
    without = run("setup_storage")

    assert "created" in first
    assert "is there" in again
    assert rule["AllowedOrigins"] == ["https://dash.example"]
    assert "PUT" in rule["AllowedMethods"]
    assert "no browser origins" in without
    with pytest.raises(client().exceptions.ClientError, match="CORS"):
        client().get_bucket_cors(Bucket=bucket)


def test_a_store_that_is_away_is_one_clear_line(stores):
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError) as refused:
            run("setup_storage")
    finally:
        stack.start_ready("seaweedfs")

    assert stack.env["S3_ENDPOINT_URL"] in str(refused.value)
    assert "\n" not in str(refused.value)


# -- delete_tenant ------------------------------------------------------------------------------
@pytest.fixture
def doomed(new_agency) -> Agency:
    """An agency with two files and an upload that was never finished."""
    agency = new_agency()
    uploaded(agency.owner.at, "a.txt", b"12345")
    uploaded(agency.owner.at, "b.txt", b"678")
    client().create_multipart_upload(
        Bucket=stack.env["S3_BUCKET"], Key=f"{agency.ref.object_prefix}/files/unfinished"
    )
    return agency


def exists(schema: str) -> tuple[bool, bool]:
    """Tell whether a schema and a role of that name are there."""
    with enter(PUBLIC), connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s),"
            " EXISTS (SELECT FROM pg_roles WHERE rolname = %s)",
            [schema, schema],
        )
        schema_is_there, role_is_there = cursor.fetchone()
    return schema_is_there, role_is_there


def assert_gone(agency: Agency, tenant: Tenant) -> None:
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert not Domain.objects.filter(domain=agency.slug).exists()
    assert exists(tenant.schema_name) == (False, False)
    assert keys_under(f"{tenant.object_prefix}/") == set()
    pages = client().list_multipart_uploads(
        Bucket=stack.env["S3_BUCKET"], Prefix=f"{tenant.object_prefix}/"
    )
    assert "Uploads" not in pages
    assert agency.host.get("/api/users/me").json()["code"] == "tenant_not_found"
    actions = AuditEvent.objects.filter(target_id=str(tenant.pk)).values_list("action", flat=True)
    assert {"tenant.deletion_started", "tenant.deleted"} <= set(actions)


def test_a_dry_run_shows_what_would_go_and_deletes_nothing(doomed: Agency):
    out = run("delete_tenant", doomed.slug, "--dry-run")

    assert "2 rows in files_file\n" in out
    assert "2 objects, 8 bytes, 1 unfinished uploads" in out
    assert len(keys_of(doomed)) == 2
    assert doomed.owner.at.get("/api/files").status_code == 200


def test_everything_of_a_tenant_goes_and_nothing_of_another(doomed: Agency, acme: Agency):
    tenant = tenant_by_slug(doomed.slug)
    uploaded(acme.owner.at, "stays.txt")
    others = keys_of(acme)

    out = run("delete_tenant", doomed.slug, "--yes")

    assert f"{doomed.slug} is gone." in out
    assert_gone(doomed, tenant)
    assert keys_of(acme) == others
    assert acme.owner.at.get("/api/files").status_code == 200


STEPS = [
    lambda tenant: mark_deleting(tenant.pk, actor=SYSTEM),
    lambda tenant: drop_schema(tenant.schema_name),
    lambda tenant: purge_objects(tenant.object_prefix),
]


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_run_that_was_cut_off_is_finished_by_the_next(doomed: Agency, done: int):
    tenant = tenant_by_slug(doomed.slug)
    for step in STEPS[:done]:
        step(tenant)

    run("delete_tenant", doomed.slug, "--yes")

    assert_gone(doomed, tenant)


def test_without_the_store_the_tenant_stays_findable(doomed: Agency):
    tenant = tenant_by_slug(doomed.slug)
    stack.stop("seaweedfs")
    try:
        with pytest.raises(CommandError, match="again"):
            run("delete_tenant", doomed.slug, "--yes")
    finally:
        stack.start_ready("seaweedfs")

    assert tenant_by_slug(doomed.slug).pk == tenant.pk
    run("delete_tenant", doomed.slug, "--yes")
    assert_gone(doomed, tenant)


@pytest.mark.parametrize("typed", ["", "yes", "other"])
def test_a_wrong_confirmation_deletes_nothing(doomed: Agency, monkeypatch, typed: str):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))

    with pytest.raises(CommandError, match="Nothing was deleted"):
        run("delete_tenant", doomed.slug)

    assert tenant_by_slug(doomed.slug).status == Tenant.Status.ACTIVE
    assert len(unfinished_of(doomed)) == 1


def test_the_typed_slug_confirms(doomed: Agency, monkeypatch):
    tenant = tenant_by_slug(doomed.slug)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{doomed.slug}\n"))

    run("delete_tenant", doomed.slug)

    assert_gone(doomed, tenant)


def test_nobody_there_to_confirm_is_said(doomed: Agency, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="--yes"):
        run("delete_tenant", doomed.slug)


def test_an_unknown_slug_is_named(committed):
    with pytest.raises(CommandError, match="nobody-has-this"):
        run("delete_tenant", "nobody-has-this", "--yes")


def test_an_empty_prefix_is_never_purged(stores):
    for prefix in ("", "/"):
        with pytest.raises(ValueError, match="whole bucket"):
            purge_objects(prefix)


def test_the_inventory_counts_every_table(doomed: Agency):
    found = take_inventory(tenant_by_slug(doomed.slug))

    assert found.rows["files_fileversion"] == 2
    assert found.rows["accounts_user"] == 1
    assert (found.held.objects, found.held.size, found.held.unfinished) == (2, 8, 1)
