"""manage.py reconcile_storage: differences are reported, and only repairable ones are repaired."""

import os

import pytest
from django.utils import timezone
from uuid6 import uuid7

from audit.models import AuditEvent
from files.models import FileVersion, Upload
from files.reconciliation import inventory
from files.storage.client import client
from tenants.context import tenant_context
from tests import stack
from tests.files.test_interrupted_uploads import open_upload, wait_until
from tests.support.factories import Agency
from tests.support.files.bucket import unfinished_multiparts
from tests.support.files.consistency import assert_consistent, balance_of, stored_sizes
from tests.support.files.direct_uploads import post_complete, post_upload, put_content
from tests.support.files.form_uploads import add_file, form_part
from tests.support.files.reconciliation import (
    NO_GRACE,
    add_files,
    add_foreign_object,
    add_multipart,
    add_orphan,
    add_staged_object,
    corrupt_balance,
    first_object,
    object_location,
    run_reconcile,
)
from tests.support.http_client import Site

MIB = 1024 * 1024


@pytest.fixture
def agency(new_agency) -> Agency:
    """An agency with three files, one of them in two versions."""
    return add_files(new_agency())


@pytest.mark.parametrize(
    ("harm", "kind", "count"),
    [
        (add_orphan, "orphan_objects", 1),
        (add_foreign_object, "orphan_objects", 1),
        (add_staged_object, "landing_leftovers", 1),
        (add_multipart, "stale_multiparts", 1),
        (corrupt_balance, "balance", 2),
    ],
)
def test_difference_is_reported_and_repaired_with_fix(agency, harm, kind: str, count: int):
    before = run_reconcile(agency, *NO_GRACE)
    harm(agency)

    found = run_reconcile(agency, *NO_GRACE)
    again = run_reconcile(agency, *NO_GRACE)
    repaired = run_reconcile(agency, "--fix", *NO_GRACE)
    after = run_reconcile(agency, *NO_GRACE)

    assert (before["left"], before["differences"]) == (0, {})
    assert (before["versions"], before["objects"]) == (4, 4)
    assert set(found["differences"]) == {kind}
    assert found["differences"][kind]["count"] == found["left"] == count
    assert len(found["differences"][kind]["examples"]) == count
    assert again["differences"] == found["differences"], "It must not change without --fix."
    assert (repaired["differences"][kind]["fixed"], repaired["left"]) == (count, 0)
    assert (after["left"], after["differences"]) == (0, {})
    assert_consistent(agency)
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="storage.reconciled")
    assert (event.actor_type, event.details) == ("system", {"found": {kind: count}, "left": 0})


def test_version_without_object_is_reported_and_kept(agency: Agency):
    name = first_object(agency)
    client().delete_object(**object_location(agency, name))

    found, tried = run_reconcile(agency, *NO_GRACE), run_reconcile(agency, "--fix", *NO_GRACE)

    for output in (found, tried):
        missing = output["differences"]["missing_objects"]
        assert (missing["count"], missing["fixed"], output["left"]) == (1, 0, 1)
        assert name in missing["examples"][0]
    with tenant_context(agency.ref):
        assert FileVersion.objects.filter(object_name=name).exists()
    assert balance_of(agency) == (4000, 4, 0, 0)


def test_object_of_another_size_is_reported_and_kept(agency: Agency):
    name = first_object(agency)
    client().put_object(**object_location(agency, name), Body=b"short")

    output = run_reconcile(agency, "--fix", *NO_GRACE)

    wrong = output["differences"]["wrong_sizes"]
    assert (wrong["count"], wrong["fixed"], output["left"]) == (1, 0, 1)
    assert wrong["examples"] == [f"{name} has 5 bytes and should have 1000"]
    assert stored_sizes(agency)[name] == 5


def test_young_object_is_ignored(agency: Agency):
    for harm in (add_orphan, add_staged_object, add_multipart):
        harm(agency)
    before = stored_sizes(agency)

    output = run_reconcile(agency, "--fix")

    assert (output["young"], output["left"], output["differences"]) == (3, 0, {})
    assert stored_sizes(agency) == before
    assert len(unfinished_multiparts(agency)) == 1


def test_object_of_a_pending_upload_is_never_touched(site: Site, agency: Agency):
    at, small, large = agency.owner.at, os.urandom(100), os.urandom(17 * MIB)
    single = post_upload(at, "single.bin", len(small)).json()
    put_content(site, single, small)
    multipart = post_upload(at, "multipart.bin", len(large)).json()
    put_content(site, multipart, large)
    begun = form_part("file", "form.bin", b"")[:-2] + os.urandom(9 * MIB)

    with open_upload(stack.ports["gunicorn"], agency.owner, 20 * MIB) as line:
        line.sendall(begun)
        wait_until(lambda: len(unfinished_multiparts(agency)) == 2)
        output = run_reconcile(agency, "--fix", *NO_GRACE)
        unfinished = unfinished_multiparts(agency)
    wait_until(lambda: len(unfinished_multiparts(agency)) == 1)

    assert (output["left"], output["young"], output["differences"]) == (0, 0, {})
    assert len(unfinished) == 2
    assert [post_complete(at, begun).status_code for begun in (single, multipart)] == [201, 201]
    assert_consistent(agency)


def test_every_page_of_the_listing_is_compared(agency: Agency, monkeypatch):
    monkeypatch.setattr(inventory, "PAGE_SIZE", 2)
    names = sorted(stored_sizes(agency))
    client().delete_object(**object_location(agency, names[2]))
    client().delete_object(**object_location(agency, names[3]))
    for harm in (add_orphan, add_orphan, add_staged_object, add_multipart, add_foreign_object):
        harm(agency)

    output = run_reconcile(agency, "--fix", *NO_GRACE)

    counts = {kind: found["count"] for kind, found in output["differences"].items()}
    assert counts == {
        "missing_objects": 2,
        "orphan_objects": 3,
        "landing_leftovers": 1,
        "stale_multiparts": 1,
    }
    assert (output["left"], set(stored_sizes(agency))) == (2, set(names[:2]))


def test_objects_of_other_tenants_are_never_touched(agency: Agency, new_agency):
    """Neither by their own names, nor by the same names under another prefix."""
    other = new_agency()
    add_file(other.owner.at, "theirs.txt", b"theirs")
    for harm in (add_orphan, add_staged_object, add_multipart, corrupt_balance):
        harm(other)
    client().put_object(**object_location(other, first_object(agency)), Body=b"theirs alone")
    longer = {**object_location(other, ""), "Key": f"{agency.ref.object_prefix}0/files/{uuid7()}"}
    client().put_object(**longer, Body=b"of a prefix that begins alike")
    before, counted = stored_sizes(other), balance_of(other)

    output = run_reconcile(agency, "--fix", *NO_GRACE)

    assert output["differences"] == {}
    assert (stored_sizes(other), balance_of(other)) == (before, counted)
    assert len(unfinished_multiparts(other)) == 1
    assert client().get_object(**longer)["Body"].read()
    client().delete_object(**longer)
    assert set(run_reconcile(other, "--fix", *NO_GRACE)["differences"]) == {
        *("orphan_objects", "landing_leftovers", "stale_multiparts", "balance"),
    }
    assert_consistent(other)


def test_ended_uploads_are_cleaned_up_with_fix_or_alone(site: Site, agency: Agency):
    begun = [post_upload(agency.owner.at, f"{n}.bin", 10 + n).json() for n in range(8)]
    put_content(site, begun[0], os.urandom(10))
    with tenant_context(agency.ref):
        Upload.objects.filter(pk__in=[b["id"] for b in begun]).update(expires_at=timezone.now())

    seen = run_reconcile(agency)
    held = balance_of(agency)[2:]
    cleaned_up = run_reconcile(agency, "--settle")

    assert (seen["unsettled"], seen["left"], held) == (8, 0, (sum(range(10, 18)), 8))
    assert cleaned_up["unsettled"] == 0
    assert_consistent(agency)
