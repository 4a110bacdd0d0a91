"""Erasure of a user: the names in their uploads are cleared, their files stay."""

import json

import pytest

from files.models import Upload
from files.uploads.cleanup import clean_up_due
from tenants.context import tenant_context
from tests.support.accounts.users import user_with_session
from tests.support.factories import Agency, Person
from tests.support.files.bucket import stored_keys
from tests.support.files.consistency import assert_invariants, quota_usage
from tests.support.files.direct_uploads import UPLOADS, post_upload, put_content, upload_directly
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

MINE = "Letter of Dora Dory.txt"
DATA = b"dear all"


@pytest.fixture
def dora(agency: Agency, site: Site) -> Person:
    """A user with two files, an aborted upload, and a pending one."""
    dora = user_with_session(agency)
    add_file(dora.at, "by-form.txt", DATA)
    upload_directly(site, dora.at, MINE, DATA)
    off, under_way = (post_upload(dora.at, f"{n} {MINE}", len(DATA)).json() for n in range(2))
    assert dora.at.delete(f"{UPLOADS}/{off['id']}").status_code == 204
    put_content(site, under_way, DATA)
    return dora


def uploads_of(agency: Agency, person: Person) -> list[tuple[str, str]]:
    with tenant_context(agency.ref):
        rows = Upload.objects.filter(created_by=person.id).order_by("pk")
        return list(rows.values_list("name", "state"))


@pytest.mark.parametrize("removed_before", [False, True])
def test_erasure_clears_upload_names(
    site: Site, agency: Agency, dora: Person, removed_before: bool
):
    upload_directly(site, agency.owner.at, "of-ada.txt", DATA)
    if removed_before:
        agency.owner.at.delete(f"/api/users/{dora.id}")
    before = uploads_of(agency, dora)

    response = agency.owner.at.post(f"/api/users/{dora.id}/erase")

    assert response.status_code == 204, response.text
    assert [name for name, _ in before] == ["", MINE, f"0 {MINE}", f"1 {MINE}"]
    states = ["ready", "ready", "failed", "failed"]
    assert uploads_of(agency, dora) == [("", state) for state in states]
    assert uploads_of(agency, agency.owner) == [("of-ada.txt", "ready")]
    with tenant_context(agency.ref):
        everything = json.dumps(list(Upload.objects.values()), default=str)
        clean_up_due()
    assert "Dora" not in everything
    assert quota_usage(agency) == (3 * len(DATA), 3)
    assert_invariants(agency)


def test_erasure_keeps_file_names_and_contents(agency: Agency, dora: Person):
    before = agency.owner.at.get("/api/files").json()["results"]

    agency.owner.at.post(f"/api/users/{dora.id}/erase")

    assert agency.owner.at.get("/api/files").json()["results"] == before
    assert {file["name"] for file in before} == {"by-form.txt", MINE}
    for file in before:
        assert agency.owner.at.get(f"/api/files/{file['id']}/content").content == DATA


def test_refused_erasure_of_the_last_owner_keeps_upload_names(site: Site, agency: Agency):
    """A refused erasure changes nothing."""
    begun = post_upload(agency.owner.at, MINE, len(DATA)).json()

    response = agency.owner.at.post(f"/api/users/{agency.owner.id}/erase")

    assert response.status_code == 409
    assert uploads_of(agency, agency.owner) == [(MINE, "pending")]
    put_content(site, begun, DATA)
    assert agency.owner.at.post(f"{UPLOADS}/{begun['id']}/complete").status_code == 201
    assert len(stored_keys(agency)) == 1
