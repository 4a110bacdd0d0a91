"""Agencies with files in them, and a folder for their archives."""

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
    """Remove what the tests here left incomplete, after them."""


@pytest.fixture
def exports(settings, tmp_path: Path) -> Path:
    """Where purge_tenants puts archives."""
    settings.TENANT_EXPORT_DIR = tmp_path / "exports"
    settings.TENANT_EXPORT_DIR.mkdir()
    return settings.TENANT_EXPORT_DIR


@pytest.fixture
def tenant_to_delete(new_agency) -> Agency:
    """An agency with a member, two files and an upload that was never finished."""
    agency = new_agency()
    wait_for_mail(agency)
    add_member(agency, f"ben@{agency.slug}.test")
    add_file(agency.owner.at, "a.txt", b"12345")
    add_file(agency.owner.at, "b.txt", b"678")
    client().create_multipart_upload(
        Bucket=stack.env["S3_BUCKET"], Key=f"{agency.ref.object_prefix}/files/unfinished"
    )
    return agency
