"""Quota and uploads after a tenant is cloned, restored, imported or purged."""

import json
import os
import secrets
from pathlib import Path

import pytest

from files.models import Balance, Upload
from files.quota import usage_and_limits
from operations.archives.file_format import ObjectReference
from operations.archives.object_list import encode_line, object_key, parse_line
from operations.errors import DamagedArchiveError
from tenants.context import tenant_context
from tenants.queries import tenant_by_slug
from tests.support.assert_purged import assert_purged
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.files.bucket import unfinished_multiparts
from tests.support.files.consistency import assert_consistent, balance_of, stored_sizes
from tests.support.files.direct_uploads import (
    post_complete,
    post_upload,
    put_content,
    try_direct_upload,
)
from tests.support.files.form_uploads import add_file
from tests.support.http_client import PASSWORD, Host, Site

LARGE = 17 * 1024 * 1024
ID = "01a200a1-fef9-7d87-9d61-ba4f8486cdcc"


@pytest.fixture
def agency_with_uploads(site: Site, new_agency) -> Agency:
    """An agency with two files and two pending uploads: one in staging, one with some parts."""
    agency = new_agency()
    add_file(agency.owner.at, "a.txt", b"12345")
    assert try_direct_upload(site, agency.owner.at, "b.txt", b"678").status_code == 201
    single = post_upload(agency.owner.at, "single.bin", 100).json()
    put_content(site, single, os.urandom(100))
    multipart = post_upload(agency.owner.at, "multipart.bin", LARGE).json()
    put_content(
        site, {**multipart, "urls": multipart["urls"][:1]}, os.urandom(multipart["part_size"])
    )
    assert balance_of(agency) == (8, 2, LARGE + 100, 2)
    return agency


def pending_uploads(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return Upload.objects.filter(state="pending").count()


def log_in_to_copy(site: Site, agency: Agency, slug: str, **login: str) -> Agency:
    """Log in as the owner of a copied agency and return the copy."""
    body = {"email": agency.owner.email, "password": PASSWORD, **login}
    answer = site.host(slug).post("/api/auth/login", body)
    assert answer.status_code == 200, answer.text
    at: Host = site.host(slug).with_token(answer.json()["access_token"])
    return Agency(slug, type(agency.owner)("", body["email"], at.token, "", at), site.host(slug))


def test_clone_is_counted_before_and_after_its_first_upload(
    site: Site, agency_with_uploads: Agency
):
    told = json.loads(
        run_command(
            "clone_tenant", agency_with_uploads.slug, f"{agency_with_uploads.slug}-s", "--json"
        )
    )
    copy = log_in_to_copy(
        site, agency_with_uploads, told["slug"], email=told["owner"], password=told["password"]
    )

    with tenant_context(copy.ref):
        assert not Balance.objects.exists()
        before = usage_and_limits()
    shown = copy.owner.at.get("/api/tenant").json()["usage"]
    add_file(copy.owner.at, "new.txt", b"90")

    assert (before["used_bytes"], before["used_objects"]) == (8, 2)
    assert (before["reserved_bytes"], before["reserved_objects"]) == (0, 0)
    assert (shown["object_bytes"], shown["objects"]) == (8, 2)
    assert balance_of(copy) == (10, 3, 0, 0)
    assert_consistent(copy)
    assert (
        pending_uploads(agency_with_uploads),
        len(unfinished_multiparts(agency_with_uploads)),
    ) == (2, 1)


def test_imported_tenant_has_no_pending_upload(
    site: Site, agency_with_uploads: Agency, tmp_path: Path
):
    archive, slug = tmp_path / "a.tar", f"{agency_with_uploads.slug}-b"
    run_command("export_tenant", agency_with_uploads.slug, "--to", str(archive))

    run_command("import_tenant", str(archive), "--as", slug)

    copy = log_in_to_copy(site, agency_with_uploads, slug)
    assert balance_of(copy) == (8, 2, 0, 0)
    run_command("reconcile_storage", "--tenant", slug, "--settle")
    assert_consistent(copy)
    assert try_direct_upload(site, copy.owner.at, "new.txt", b"90").status_code == 201
    assert (pending_uploads(agency_with_uploads), balance_of(agency_with_uploads)) == (
        2,
        (8, 2, LARGE + 100, 2),
    )


def test_restored_tenant_has_no_pending_upload(
    site: Site, agency_with_uploads: Agency, tmp_path: Path
):
    archive = tmp_path / "a.tar"
    run_command("export_tenant", agency_with_uploads.slug, "--to", str(archive))
    add_file(agency_with_uploads.owner.at, "since.txt", secrets.token_bytes(50))
    late = post_upload(agency_with_uploads.owner.at, "late.bin", 100).json()
    put_content(site, late, os.urandom(100))

    run_command("import_tenant", str(archive), "--restore", agency_with_uploads.slug, "--yes")

    back = log_in_to_copy(site, agency_with_uploads, agency_with_uploads.slug)
    assert balance_of(back) == (8, 2, 0, 0)
    assert_consistent(back)
    assert post_complete(back.owner.at, late).status_code == 404
    run_command("reconcile_storage", "--tenant", agency_with_uploads.slug)


def test_purge_deletes_staging_objects(agency_with_uploads: Agency, tmp_path: Path):
    tenant = tenant_by_slug(agency_with_uploads.slug)
    assert {name.partition("/")[0] for name in stored_sizes(agency_with_uploads)} == {
        "files",
        "incoming",
    }

    run_command("delete_tenant", agency_with_uploads.slug, "--now", "--yes", "--to", str(tmp_path))

    assert_purged(agency_with_uploads, tenant)


@pytest.mark.parametrize("name", [f"incoming/{ID}", f"file/{ID}", f"files/{ID}/x", "files/"])
def test_archive_names_only_objects_of_file_versions(name: str):
    line = encode_line(ObjectReference(name, 1, "0" * 64))

    with pytest.raises(DamagedArchiveError):
        parse_line(line)
    with pytest.raises(ValueError, match="not the name"):
        object_key("prefix", name)
    assert (
        parse_line(encode_line(ObjectReference(f"files/{ID}", 1, "0" * 64))).name == f"files/{ID}"
    )
