"""Agencies with files in them, and a folder for their archives."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import Letter
from files.storage.client import client
from tenants.context import tenant_context
from tests import stack
from tests.core.conftest import superuser
from tests.support.cleanup import cleaned_up
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.tenants.conftest import make_tenant

__all__ = ["make_tenant", "superuser"]

Run = Callable[..., str]
MAIL_TIMEOUT_SECONDS = 30


def run_command(*arguments: str) -> str:
    """Run a command in-process and return what it printed."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture(scope="package", autouse=True)
def _tidy(committed: None) -> Iterator[None]:
    """Take away what the tests here left half there."""
    with cleaned_up():
        yield


@pytest.fixture
def exports(settings, tmp_path: Path) -> Path:
    """Where purge_tenants puts archives."""
    settings.TENANT_EXPORT_DIR = tmp_path / "exports"
    settings.TENANT_EXPORT_DIR.mkdir()
    return settings.TENANT_EXPORT_DIR


def wait_for_mail(agency: Agency) -> None:
    """Wait until the mail that its opening asked for has gone out."""
    end = time.monotonic() + MAIL_TIMEOUT_SECONDS
    with tenant_context(agency.ref):
        while Letter.objects.exists():
            assert time.monotonic() < end, "The mailer does not send."
            time.sleep(0.05)


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
