"""Checks that balance, rows and store of an agency agree."""

from files.models import Balance, File, FileVersion, Upload
from files.storage.client import client
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import noncurrent_versions, stored_keys, unfinished_multiparts

Sums = tuple[int, int, int, int]


def balance_of(agency: Agency) -> Sums:
    """Return the balance: used bytes and objects, then reserved ones."""
    with tenant_context(agency.ref):
        row = Balance.objects.get()
    return row.used_bytes, row.used_objects, row.reserved_bytes, row.reserved_objects


def row_sums(agency: Agency) -> Sums:
    """Return the same as sums over the rows, computed here."""
    with tenant_context(agency.ref):
        kept = list(FileVersion.objects.filter(restored_from=None).values_list("size", flat=True))
        pending = Upload.objects.filter(state="pending").values_list("reserved_bytes", flat=True)
        held = list(pending)
    return sum(kept), len(kept), sum(held), len(held)


def stored_sizes(agency: Agency) -> dict[str, int]:
    """Return the sizes of the agency's objects by their names relative to its prefix."""
    prefix = f"{agency.ref.object_prefix}/"
    pages = client().get_paginator("list_objects_v2")
    return {
        item["Key"].removeprefix(prefix): item["Size"]
        for page in pages.paginate(Bucket=stack.env["S3_BUCKET"], Prefix=prefix)
        for item in page.get("Contents", [])
    }


def assert_consistent(agency: Agency) -> None:
    """Check that no upload is pending, nothing is left over, and all files are counted."""
    with tenant_context(agency.ref):
        kept = FileVersion.objects.filter(restored_from=None)
        wanted = dict(kept.values_list("object_name", "size"))
    assert balance_of(agency) == row_sums(agency)
    assert balance_of(agency)[2:] == (0, 0)
    stored = stored_sizes(agency)
    assert stored == wanted, f"differ: {stored.items() ^ wanted.items()}"
    assert unfinished_multiparts(agency) == []
    assert noncurrent_versions(agency) == []


def assert_invariants(agency: Agency) -> None:
    """Check that the quota counts the versions, and that the store holds their objects only."""
    with tenant_context(agency.ref):
        own = list(FileVersion.objects.filter(restored_from=None))
        balance = Balance.objects.get()
        pending = Upload.objects.filter(state="pending").count()
        currents = set(File.objects.values_list("current__file_id", "id"))
    assert (balance.used_bytes, balance.used_objects) == (sum(v.size for v in own), len(own))
    assert (balance.reserved_objects, pending) == (0, 0)
    assert stored_keys(agency) == {f"{agency.ref.object_prefix}/{v.object_name}" for v in own}
    assert all(of == file for of, file in currents)


def quota_usage(agency: Agency) -> tuple[int, int]:
    """Return the used bytes and objects of the quota."""
    with tenant_context(agency.ref):
        balance = Balance.objects.get()
    return balance.used_bytes, balance.used_objects
