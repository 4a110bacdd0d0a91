"""Reading, renaming and deleting one file."""

import uuid

import pytest

from audit.models import AuditEvent
from files.models import File
from tenants.context import tenant_context
from tests.support.factories import Agency, Person
from tests.support.files.bucket import stored_keys
from tests.support.files.form_uploads import add_file, post_file

UNKNOWN = "0199ffff-0000-7000-8000-000000000000"


def test_metadata_with_a_current_etag_returns_304(acme: Agency):
    body = add_file(acme.owner.at, "etag.txt")
    path = f"/api/files/{body['id']}"

    first = acme.owner.at.get(path)
    again = acme.owner.at.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.json() == body
    assert (again.status_code, again.content) == (304, b"")


def test_rename_keeps_the_object_and_is_audited(acme: Agency):
    body = add_file(acme.owner.at, "before.txt", b"same")
    before = stored_keys(acme)

    response = acme.owner.at.patch(f"/api/files/{body['id']}", {"name": "after.txt"})

    assert response.status_code == 200
    assert response.json() == {
        **body,
        "name": "after.txt",
        "updated_at": response.json()["updated_at"],
    }
    assert stored_keys(acme) == before
    with tenant_context(acme.ref):
        event = AuditEvent.objects.get(action="file.renamed", target_id=body["id"])
    assert event.details == {"before": "before.txt", "after": "after.txt"}


def test_rename_moves_into_folders_and_back(acme: Agency):
    body = add_file(acme.owner.at, "own-name.txt", b"same", path="reports/2026/q1.txt")
    path = f"/api/files/{body['id']}"

    same = acme.owner.at.patch(path, {"name": body["name"]})
    elsewhere = acme.owner.at.patch(path, {"name": "archive/q1.txt"})
    saved_as = acme.owner.at.get(f"{path}/content").headers["Content-Disposition"]
    out = acme.owner.at.patch(path, {"name": "q1.txt"})

    assert (same.status_code, same.json()) == (200, body)
    assert (elsewhere.status_code, elsewhere.json()["name"]) == (200, "archive/q1.txt")
    assert saved_as == 'attachment; filename="q1.txt"'
    assert (out.status_code, out.json()["name"]) == (200, "q1.txt")


def test_rename_to_a_used_name_is_refused(acme: Agency):
    add_file(acme.owner.at, "taken.txt")
    body = add_file(acme.owner.at, "mine.txt")

    response = acme.owner.at.patch(f"/api/files/{body['id']}", {"name": "taken.txt"})

    assert (response.status_code, response.json()["code"]) == (409, "name_taken")
    assert acme.owner.at.get(f"/api/files/{body['id']}").json() == body


@pytest.mark.parametrize("name", ["", "..", "../b", "a//b", "x" * 256, "tab\t", 7, None, ["a"]])
def test_rename_to_an_invalid_name_is_refused(acme: Agency, name):
    body = add_file(acme.owner.at, "keeps-its-name.txt")

    response = acme.owner.at.patch(f"/api/files/{body['id']}", {"name": name})

    if name == 7:  # DRF converts a number to a string
        assert response.json()["name"] == "7"
        return
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "name"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_stale_etag_changes_nothing(acme: Agency, method: str):
    name = f"guarded-from-{method}.txt"
    body = add_file(acme.owner.at, name)
    path = f"/api/files/{body['id']}"
    etag = acme.owner.at.get(path).headers["ETag"]
    add_file(acme.owner.at, name, b"newer")

    response = acme.owner.at.request(
        method, path, json={"name": "x.txt"}, headers={"If-Match": etag}
    )

    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert acme.owner.at.get(path).json()["version"] == 2


def test_deleted_file_is_hidden_and_its_name_is_free(acme: Agency):
    body = add_file(acme.owner.at, "binned.txt")
    path = f"/api/files/{body['id']}"
    etag = acme.owner.at.get(path).headers["ETag"]

    response = acme.owner.at.delete(path, headers={"If-Match": etag})
    again = acme.owner.at.delete(path)
    fresh = add_file(acme.owner.at, "binned.txt")

    assert (response.status_code, response.content) == (204, b"")
    assert again.status_code == 404
    assert acme.owner.at.get(f"{path}/download").status_code == 404
    assert (fresh["version"], fresh["id"] == body["id"]) == (1, False)
    with tenant_context(acme.ref):
        assert File.objects.get(pk=body["id"]).deleted_at is not None
        assert AuditEvent.objects.filter(action="file.deleted", target_id=body["id"]).count() == 1


@pytest.mark.parametrize("file_id", ["nonsense", "0", "%00", UNKNOWN])
@pytest.mark.parametrize("tail", ["", "/download", "/content"])
def test_unknown_file_id_is_not_found(acme: Agency, file_id: str, tail: str):
    response = acme.owner.at.get(f"/api/files/{file_id}{tail}")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


CALLS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/download"),
    ("GET", "/content"),
    ("GET", "/versions"),
    ("POST", "/versions/1/restore"),
]


@pytest.mark.parametrize(("method", "tail"), CALLS)
def test_file_of_another_user_is_not_found(
    acme: Agency, globex: Agency, ben: Person, method: str, tail: str
):
    body = add_file(acme.owner.at, "private.txt")
    path = f"/api/files/{body['id']}{tail}"
    call = {"json": {"name": "stolen.txt"}} if method == "PATCH" else {}

    responses = {
        "another tenant": globex.owner.at.request(method, path, **call),
        "another member": ben.at.request(method, path, **call),
        "another tenant's token": globex.host.with_token(acme.owner.access_token).request(
            method, path, **call
        ),
        "nobody": acme.host.request(method, path, **call),
    }

    assert {who: response.status_code for who, response in responses.items()} == {
        "another tenant": 404,
        "another member": 404,
        "another tenant's token": 401,
        "nobody": 401,
    }
    assert acme.owner.at.get(f"/api/files/{body['id']}").json() == body


@pytest.mark.parametrize(("method", "tail"), CALLS)
def test_owner_can_change_a_members_file(acme: Agency, ben: Person, method: str, tail: str):
    body = post_file(ben.at, f"bens-{method}.txt").json()
    call = {"json": {"name": f"renamed-{uuid.uuid4()}.txt"}} if method == "PATCH" else {}

    response = acme.owner.at.request(method, f"/api/files/{body['id']}{tail}", **call)

    assert response.status_code in {200, 204, 302}
