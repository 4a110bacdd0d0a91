"""Damages to a tenant's objects and balance, and the command that compares them."""

import io
import json
import os
from typing import Any

from django.core.management import CommandError, call_command
from django.db.models import F
from uuid6 import uuid7

from files.models import Balance, FileVersion
from files.storage.client import client
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file

NO_GRACE = ("--grace", "0")


def run_reconcile(agency: Agency, *options: str) -> dict[str, Any]:
    """Run the command for one agency; check that its exit status matches its output."""
    out, status = io.StringIO(), 0
    try:
        call_command("reconcile_storage", "--json", "--tenant", agency.slug, *options, stdout=out)
    except CommandError as exc:
        status = exc.returncode
    [output] = json.loads(out.getvalue())
    assert status == bool(output["left"]), output
    return output


def object_location(agency: Agency, name: str) -> dict[str, str]:
    return {"Bucket": stack.env["S3_BUCKET"], "Key": f"{agency.ref.object_prefix}/{name}"}


def first_object(agency: Agency) -> str:
    with tenant_context(agency.ref):
        return FileVersion.objects.earliest("pk").object_name


def add_files(agency: Agency) -> Agency:
    """Add three files, one of them in two versions, and return the agency."""
    for name in ("a.txt", "b.txt", "c.txt", "a.txt"):
        add_file(agency.owner.at, name, os.urandom(1000))
    return agency


def add_orphan(agency: Agency) -> None:
    client().put_object(**object_location(agency, f"files/{uuid7()}"), Body=b"nobody's")


def add_foreign_object(agency: Agency) -> None:
    client().put_object(**object_location(agency, "backup/of 2019.zip"), Body=b"nobody's")


def add_staged_object(agency: Agency) -> None:
    client().put_object(**object_location(agency, f"incoming/{uuid7()}"), Body=b"late")


def add_multipart(agency: Agency) -> None:
    client().create_multipart_upload(**object_location(agency, f"files/{uuid7()}"))


def corrupt_balance(agency: Agency) -> None:
    with tenant_context(agency.ref):
        Balance.objects.update(used_bytes=F("used_bytes") + 5, reserved_objects=7)
