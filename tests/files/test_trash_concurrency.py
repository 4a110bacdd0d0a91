"""Concurrent purges, restores, downloads and uploads of one file."""

from concurrent.futures import ThreadPoolExecutor

from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.files.test_trash import TRASH, delete_file
from tests.support.factories import Agency
from tests.support.files.consistency import assert_invariants, quota_usage
from tests.support.files.form_uploads import add_file, post_file

REPETITIONS = 6


def test_concurrent_restore_and_purge_only_one_wins(new_agency):
    agency = new_agency()
    ada = agency.owner.at

    for number in range(REPETITIONS):
        body = delete_file(ada, f"{number}.txt", b"one", b"two")
        path = f"{TRASH}/{body['id']}"
        calls = [("DELETE", path), ("POST", f"{path}/restore")] * 3
        with ThreadPoolExecutor(len(calls)) as pool:
            responses = list(pool.map(lambda call: ada.request(*call).status_code, calls))

        assert set(responses) <= {200, 204, 404}
        assert len([status for status in responses if status != 404]) == 1
        came_back = 200 in responses
        content = ada.get(f"/api/files/{body['id']}/content")
        assert (content.status_code, content.content == b"two") == (
            (200, True) if came_back else (404, False)
        )
    assert_invariants(agency)


def test_concurrent_purges_release_usage_once(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    add_file(ada, "kept.txt", b"kept")
    body = delete_file(ada, "gone.txt", b"one", b"three")

    with ThreadPoolExecutor(8) as pool:
        statuses = list(
            pool.map(lambda _: ada.delete(f"{TRASH}/{body['id']}").status_code, range(8))
        )

    assert sorted(statuses) == [204, *[404] * 7]
    assert quota_usage(agency) == (4, 1)
    assert_invariants(agency)
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="file.purged").count() == 1


def test_concurrent_operations_on_one_name_stay_consistent(new_agency):
    """Many clients upload, delete, purge, restore and download; the result is consistent."""
    agency = new_agency()
    statuses = set()

    def act(number: int) -> None:
        statuses.update(_life(agency, number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(24)))

    assert statuses <= {200, 201, 204, 404, 409}
    assert_invariants(agency)
    for row in agency.owner.at.get("/api/files?limit=200").json()["results"]:
        for version in range(1, row["version"] + 1):
            path = f"/api/files/{row['id']}/content?version={version}"
            assert agency.owner.at.get(path).status_code == 200


def _life(agency: Agency, number: int) -> list[int]:
    ada = agency.owner.at
    sent = post_file(ada, "one.txt", str(number).encode())
    file_id = sent.json()["id"]
    calls = [
        ("GET", f"/api/files/{file_id}/content"),
        ("DELETE", f"/api/files/{file_id}"),
        ("GET", f"/api/files/{file_id}/content?version=1"),
        *([("POST", f"{TRASH}/{file_id}/restore")] if number % 3 else []),
        ("POST", f"/api/files/{file_id}/versions/1/restore"),
        *([("DELETE", f"{TRASH}/{file_id}")] if number % 2 else []),
    ]
    return [sent.status_code, *(ada.request(*call).status_code for call in calls)]
