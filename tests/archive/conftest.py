"""Agencies with files in them, and a folder for their archives."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from files.store import client
from tests import stack
from tests.cast import Agency, join
from tests.core.conftest import superuser
from tests.files.forms import uploaded
from tests.tenants.conftest import make_tenant
from tests.tidying import tidied

__all__ = ["make_tenant", "superuser"]

Run = Callable[..., str]


def run(*arguments: str) -> str:
    """Run a command in-process and return what it printed."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture(scope="package", autouse=True)
def _tidy(committed: None) -> Iterator[None]:
    """Take away what the tests here left half there."""
    with tidied():
        yield


@pytest.fixture
def exports(settings, tmp_path: Path) -> Path:
    """Where purge_tenants puts archives."""
    settings.TENANT_EXPORT_DIR = tmp_path / "exports"
    settings.TENANT_EXPORT_DIR.mkdir()
    return settings.TENANT_EXPORT_DIR


@pytest.fixture
def doomed(new_agency) -> Agency:
    """An agency with a member, two files and an upload that was never finished."""
    agency = new_agency()
    join(agency, f"ben@{agency.slug}.test")
    uploaded(agency.owner.at, "a.txt", b"12345")
    uploaded(agency.owner.at, "b.txt", b"678")
    client().create_multipart_upload(
        Bucket=stack.env["S3_BUCKET"], Key=f"{agency.ref.object_prefix}/files/unfinished"
    )
    return agency
