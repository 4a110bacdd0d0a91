"""A purge deletes a file for ever: its rows, its quota usage, and its objects."""

import io
import json

from django.conf import settings
from django.core.management import call_command

from audit.models import AuditEvent
from files.models import File, FileVersion, Share, Upload
from files.uploads.cleanup import clean_up, clean_up_due
from tenants.context import tenant_context
from tests import stack
from tests.files.test_trash import TRASH, age_deletion, delete_file, list_trash
from tests.support.factories import Agency
from tests.support.files.bucket import stored_keys
from tests.support.files.consistency import assert_invariants, quota_usage
from tests.support.files.direct_uploads import upload_directly
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site


def purged_uploads(agency: Agency) -> list[tuple]:
    with tenant_context(agency.ref):
        rows = Upload.objects.filter(state="purged")
        return [(row.object_name, row.cleared_at is not None) for row in rows]


def test_purge_leaves_only_its_audit_event(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    kept = add_file(ada, "kept.txt", b"kept")
    add_file(ada, "gone.txt", b"one")
    upload_directly(site, ada, "gone.txt", b"three")
    body = add_file(ada, "gone.txt", b"fourth")
    assert ada.post(f"/api/files/{body['id']}/versions/1/restore").status_code == 200
    with tenant_context(agency.ref):
        Share.objects.create(
            file_id=body["id"], token_hash=b"h", token_sealed="s", created_by_id=agency.owner.id
        )
    ada.delete(f"/api/files/{body['id']}")

    response = ada.delete(f"{TRASH}/{body['id']}")
    again = ada.delete(f"{TRASH}/{body['id']}")

    assert (response.status_code, response.content, again.status_code) == (204, b"", 404)
    assert quota_usage(agency) == (4, 1)
    assert_invariants(agency)
    with tenant_context(agency.ref):
        assert [str(pk) for pk in File.objects.values_list("pk", flat=True)] == [kept["id"]]
        assert (FileVersion.objects.count(), Share.objects.count()) == (1, 0)
        event = AuditEvent.objects.get(action="file.purged")
        names = set(Upload.objects.filter(state="purged").values_list("name", flat=True))
    assert names == {""}
    assert (event.actor_id, event.target_label) == (agency.owner.id, "gone.txt")
    assert event.details == {"versions": 4, "size": 14}
    assert [cleared for _, cleared in purged_uploads(agency)] == [True] * 3


def test_purge_deletes_objects_without_upload_row(new_agency):
    """A cloned or restored tenant has files without upload rows."""
    agency = new_agency()
    body = delete_file(agency.owner.at, "copied.txt", b"one", b"two")
    with tenant_context(agency.ref):
        Upload.objects.all().delete()

    assert agency.owner.at.delete(f"{TRASH}/{body['id']}").status_code == 204

    assert stored_keys(agency) == set()
    assert [cleared for _, cleared in purged_uploads(agency)] == [True, True]
    assert_invariants(agency)


def test_purge_with_an_unavailable_store_is_finished_later(new_agency):
    agency = new_agency()
    body = delete_file(agency.owner.at, "stubborn.txt")
    held = stored_keys(agency)
    stack.stop("seaweedfs")
    try:
        response = agency.owner.at.delete(f"{TRASH}/{body['id']}")
    finally:
        stack.start_ready("seaweedfs")

    assert response.status_code == 204
    assert (stored_keys(agency), quota_usage(agency)) == (held, (0, 0))
    assert [cleared for _, cleared in purged_uploads(agency)] == [False]
    with tenant_context(agency.ref):
        assert clean_up_due() == 1
    assert stored_keys(agency) == set()
    assert [cleared for _, cleared in purged_uploads(agency)] == [True]


def test_cleanup_started_before_a_purge_does_not_mark_it_cleared(site: Site, new_agency):
    """The clean-up of a staging object must not hide a final object that was purged since."""
    agency = new_agency()
    upload_directly(site, agency.owner.at, "a.txt", b"data")
    with tenant_context(agency.ref):
        seen = Upload.objects.get()
        Upload.objects.update(state="purged", cleared_at=None)
        clean_up(seen)

    assert [cleared for _, cleared in purged_uploads(agency)] == [False]


def test_completion_of_a_purged_file_is_not_found(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    body = upload_directly(site, ada, "a.txt", b"data")
    ada.delete(f"/api/files/{body['id']}")
    ada.delete(f"{TRASH}/{body['id']}")

    response = ada.post(f"/api/uploads/{body['upload']}/complete")

    assert (response.status_code, ada.get(f"/api/uploads/{body['upload']}").status_code) == (
        404,
        404,
    )


def test_due_files_are_purged_by_uploads_and_deletions(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    late = [delete_file(ada, f"{number}.txt", b"four") for number in range(5)]
    kept = delete_file(ada, "kept.txt", b"kept")
    for body in late:
        age_deletion(agency, body["id"], seconds=settings.TRASH_SECONDS)

    begun = ada.post("/api/uploads", {"name": "new.txt", "size": 1}).json()
    ada.delete(f"/api/uploads/{begun['id']}")
    after_abort = quota_usage(agency)
    add_file(ada, "new.txt", b"four")

    assert after_abort == (12, 3)
    assert quota_usage(agency) == (8, 2)
    assert_invariants(agency)
    assert [row["id"] for row in list_trash(ada)] == [kept["id"]]
    with tenant_context(agency.ref):
        output = AuditEvent.objects.filter(action="file.purged")
        assert {event.actor_type for event in output} == {"system"}
        assert {event.target_id for event in output} == {body["id"] for body in late}


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("purge_trash", *arguments, stdout=out)
    return out.getvalue()


def test_purge_trash_command_purges_idle_tenants(new_agency):
    agency = new_agency()
    for body in [delete_file(agency.owner.at, f"{number}.txt") for number in range(7)]:
        age_deletion(agency, body["id"], seconds=settings.TRASH_SECONDS)

    counted = json.loads(run("--dry-run", "--json"))
    before = quota_usage(agency)
    done = json.loads(run("--json"))

    assert (counted["dry_run"], done["dry_run"]) == (True, False)
    assert counted["tenants"][agency.slug] == done["tenants"][agency.slug] == 7
    assert before == (49, 7)
    assert quota_usage(agency) == (0, 0)
    assert_invariants(agency)
    assert json.loads(run("--json"))["files"] == 0
