"""The trash keeps a file for its retention; it can be restored or purged."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from audit.models import AuditEvent
from files.models import File
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.files.consistency import assert_invariants, quota_usage
from tests.support.files.form_uploads import add_file, post_file
from tests.support.http_client import Host

TRASH = "/api/trash"


def delete_file(host: Host, name: str, *contents: bytes) -> dict:
    """Delete a file with these versions, and return it as it was before."""
    body = [add_file(host, name, data) for data in contents or (b"content",)][-1]
    assert host.delete(f"/api/files/{body['id']}").status_code == 204
    return body


def list_trash(host: Host, query: str = "") -> list[dict]:
    response = host.get(f"{TRASH}{query}")
    assert response.status_code == 200, response.text
    return response.json()["results"]


def age_deletion(agency: Agency, file_id: str, **by: float) -> None:
    """Move the deletion time of a file into the past."""
    with tenant_context(agency.ref):
        file = File.objects.get(pk=file_id)
        File.objects.filter(pk=file_id).update(deleted_at=file.deleted_at - timedelta(**by))


def test_trash_is_ordered_by_deletion_time(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    add_file(ada, "stays.txt")
    bodies = [delete_file(ada, f"{number}.txt") for number in range(3)]

    rows = list_trash(ada)
    first = ada.get(f"{TRASH}?limit=2").json()
    rest = ada.get(f"{TRASH}?{first['next'].partition('?')[2]}").json()

    assert [row["id"] for row in rows] == [body["id"] for body in bodies[::-1]]
    assert first["results"] + rest["results"] == rows
    newest = rows[0]
    deleted, purged = (
        datetime.fromisoformat(newest[f"{name}_at"]) for name in ("deleted", "purge")
    )
    assert purged - deleted == timedelta(seconds=settings.TRASH_SECONDS)
    assert {**bodies[-1], "updated_at": newest["updated_at"]}.items() <= newest.items()


def test_restored_file_has_all_its_versions(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    body = delete_file(ada, "a.txt", b"one", b"two")

    response = ada.post(f"{TRASH}/{body['id']}/restore")
    again = ada.post(f"{TRASH}/{body['id']}/restore")

    assert response.status_code == 200, response.text
    assert response.json() == {**body, "updated_at": response.json()["updated_at"]}
    assert response.headers["ETag"] == ada.get(f"/api/files/{body['id']}").headers["ETag"]
    assert again.status_code == 404
    assert list_trash(ada) == []
    contents = [ada.get(f"/api/files/{body['id']}/content?version={n}").content for n in (1, 2)]
    assert contents == [b"one", b"two"]
    assert_invariants(agency)
    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="file.restored", target_id=body["id"])
    assert (event.actor_id, event.details) == (agency.owner.id, {})


def test_restore_to_a_used_name_requires_another_name(acme: Agency):
    ada = acme.owner.at
    body = delete_file(ada, "taken-twice.txt")
    add_file(ada, "taken-twice.txt", b"new")
    call = f"{TRASH}/{body['id']}/restore"

    refused = ada.post(call)
    still_there = [row["id"] for row in list_trash(ada)]
    response = ada.post(call, {"name": "old/taken-twice.txt"})

    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    assert body["id"] in still_there
    assert (response.status_code, response.json()["name"]) == (200, "old/taken-twice.txt")
    with tenant_context(acme.ref):
        event = AuditEvent.objects.get(action="file.restored", target_id=body["id"])
    assert event.details == {"before": "taken-twice.txt", "after": "old/taken-twice.txt"}


@pytest.mark.parametrize("name", ["", "..", "a/../b", "a\\b", "x" * 256, "tab\t", None, ["a"]])
def test_restore_to_an_invalid_name_is_refused(acme: Agency, name):
    body = delete_file(acme.owner.at, "unlucky.txt")

    response = acme.owner.at.post(f"{TRASH}/{body['id']}/restore", {"name": name})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "name"
    assert acme.owner.at.delete(f"{TRASH}/{body['id']}").status_code == 204


def test_file_in_the_trash_is_not_found(acme: Agency):
    body = delete_file(acme.owner.at, "out-of-reach.txt", b"one", b"two")
    path = f"/api/files/{body['id']}"

    for tail in ("", "/content", "/download", "/versions", "/content?version=1"):
        assert acme.owner.at.get(f"{path}{tail}").status_code == 404
    assert acme.owner.at.post(f"{path}/versions/1/restore").status_code == 404
    live = add_file(acme.owner.at, "alive.txt")["id"]
    assert acme.owner.at.post(f"{TRASH}/{live}/restore").status_code == 404
    assert acme.owner.at.delete(f"{TRASH}/{live}").status_code == 404
    assert acme.owner.at.get(f"/api/files/{live}").status_code == 200


def test_trash_shows_own_files_to_members_and_all_to_owners(new_agency, globex: Agency):
    agency = new_agency()
    ben = add_member(agency, "ben@here.test")
    hers, his = delete_file(agency.owner.at, "hers.txt"), delete_file(ben.at, "his.txt")

    assert [row["id"] for row in list_trash(ben.at)] == [his["id"]]
    assert [row["id"] for row in list_trash(agency.owner.at)] == [his["id"], hers["id"]]
    for outsider, theirs in ((ben.at, hers), (globex.owner.at, his)):
        assert outsider.post(f"{TRASH}/{theirs['id']}/restore").status_code == 404
        assert outsider.delete(f"{TRASH}/{theirs['id']}").status_code == 404
    back = agency.owner.at.post(f"{TRASH}/{his['id']}/restore")
    assert (back.status_code, back.json()["owner"]) == (200, ben.id)
    assert ben.at.get(f"/api/files/{his['id']}").status_code == 200


@pytest.mark.parametrize(("method", "tail"), [("DELETE", ""), ("POST", "/restore")])
def test_stale_etag_leaves_the_file_in_the_trash(acme: Agency, ben: Person, method: str, tail: str):
    body = post_file(ben.at, f"kept-from-{method}.txt").json()
    stale = ben.at.get(f"/api/files/{body['id']}").headers["ETag"]
    ben.at.delete(f"/api/files/{body['id']}")

    response = ben.at.request(method, f"{TRASH}/{body['id']}{tail}", headers={"If-Match": stale})

    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert body["id"] in [row["id"] for row in list_trash(ben.at)]


def test_file_past_its_retention_is_not_found_before_the_purge(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    kept, late = delete_file(ada, "kept.txt"), delete_file(ada, "late.txt")
    age_deletion(agency, kept["id"], seconds=settings.TRASH_SECONDS - 3600)
    age_deletion(agency, late["id"], seconds=settings.TRASH_SECONDS)

    assert [row["id"] for row in list_trash(ada)] == [kept["id"]]
    assert ada.post(f"{TRASH}/{late['id']}/restore").status_code == 404
    assert quota_usage(agency) == (14, 2)
    assert ada.post(f"{TRASH}/{kept['id']}/restore").status_code == 200
