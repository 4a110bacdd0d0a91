"""Fixtures of the tests of archives and deletions: an agency with files, and an export folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from files.storage.client import client
from tests import stack
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.mail.outbox import wait_for_mail

Run = Callable[..., str]


@pytest.fixture(scope="package", autouse=True)
def _cleaned(cleaned_database: None) -> None:
    """Remove after these tests the tenants that they leave incomplete."""


@pytest.fixture
def export_dir(settings, tmp_path: Path) -> Path:
    """TENANT_EXPORT_DIR: the folder where purge_tenants writes archives."""
    settings.TENANT_EXPORT_DIR = tmp_path / "exports"
    settings.TENANT_EXPORT_DIR.mkdir()
    return settings.TENANT_EXPORT_DIR


@pytest.fixture
def tenant_to_delete(new_agency) -> Agency:
    """An agency with a member, two files and an unfinished multipart upload."""
    agency = new_agency()
    wait_for_mail(agency)
    add_member(agency, f"ben@{agency.slug}.test")
    add_file(agency.owner.at, "a.txt", b"12345")
    add_file(agency.owner.at, "b.txt", b"678")
    client().create_multipart_upload(
        Bucket=stack.env["S3_BUCKET"], Key=f"{agency.ref.object_prefix}/files/unfinished"
    )
    return agency
