"""Removal of a user: their files, trash and uploads stay in the tenant."""

import json

import pytest
from django.utils import timezone

from files.models import Share, Upload
from files.uploads.cleanup import clean_up_due
from tenants.context import tenant_context
from tests.files.test_trash import TRASH, delete_file, list_trash
from tests.support.factories import Agency, Person, add_member
from tests.support.files.consistency import assert_invariants
from tests.support.files.form_uploads import add_file

EXPORT = "/api/users/me/export"


@pytest.fixture
def dan(agency: Agency) -> Person:
    return add_member(agency, "dan@leaves.test")


@pytest.mark.parametrize("how", ["remove", "erase"])
def test_removed_user_leaves_files_and_trash(agency: Agency, dan: Person, how: str):
    ada = agency.owner.at
    live = add_file(dan.at, "plan.txt", b"a plan")
    back, gone = delete_file(dan.at, "back.txt", b"one", b"two"), delete_file(dan.at, "gone.txt")
    dan.at.post("/api/uploads", {"name": "never.bin", "size": 1000})

    if how == "remove":
        assert ada.delete(f"/api/users/{dan.id}").status_code == 204
    else:
        assert ada.post(f"/api/users/{dan.id}/erase").status_code == 204

    assert ada.get(f"/api/files/{live['id']}/content").content == b"a plan"
    assert {row["id"] for row in list_trash(ada)} == {back["id"], gone["id"]}
    restored = ada.post(f"{TRASH}/{back['id']}/restore")
    assert (restored.status_code, restored.json()["owner"]) == (200, dan.id)
    older = ada.post(f"/api/files/{back['id']}/versions/1/restore")
    assert (older.status_code, older.json()["version"]) == (200, 3)
    assert ada.delete(f"{TRASH}/{gone['id']}").status_code == 204
    with tenant_context(agency.ref):
        Upload.objects.filter(state="pending").update(expires_at=timezone.now())
        assert clean_up_due() == 1
    assert_invariants(agency)


def test_data_export_lists_files_uploads_and_shares(agency: Agency, dan: Person):
    live, old = add_file(dan.at, "plan.txt"), delete_file(dan.at, "old.txt")
    begun = dan.at.post("/api/uploads", {"name": "begun.bin", "size": 7}).json()
    add_file(agency.owner.at, "hers.txt")
    with tenant_context(agency.ref):
        secret = {"token_hash": b"0123456789", "token_sealed": "sealed-secret", "password": "p"}
        share = Share.objects.create(file_id=live["id"], created_by_id=dan.id, **secret)

    response = dan.at.get(EXPORT)

    body = json.loads(response.text)
    deleted = {row["id"]: row["deleted_at"] for row in body["files"]}
    assert deleted.keys() == {live["id"], old["id"]}
    assert (deleted[live["id"]] is None, deleted[old["id"]] is None) == (True, False)
    [output] = body["uploads"]
    assert (output["id"], output["name"], output["state"]) == (begun["id"], "begun.bin", "pending")
    [link] = body["shares"]
    assert (link["id"], link["file_id"]) == (str(share.id), live["id"])
    assert "sealed" not in response.text
    assert dan.at.delete(f"/api/uploads/{begun['id']}").status_code == 204
