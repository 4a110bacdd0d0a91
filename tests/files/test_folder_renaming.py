"""Renaming and moving folders: which files move, what is refused, and what is recorded."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from audit.models import AuditEvent
from core.problems import NotFound, Problem, ValidationFailed
from files.folders import services
from files.folders.services import rename_folder
from files.models import File
from files.problems import FolderCycle, NameTaken, TooManyFiles
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.stored_files import insert_files

TEXT = (1, "text/plain")


def insert(agency: Agency, owner: Person, names: Iterable[str]) -> None:
    with tenant_context(agency.ref):
        insert_files(owner, dict.fromkeys(names, TEXT))


def names_in(agency: Agency) -> list[str]:
    with tenant_context(agency.ref):
        return sorted(File.objects.filter(deleted_at=None).values_list("name", flat=True))


def rename(agency: Agency, person: Person, folder: str, name: str) -> int:
    with tenant_context(agency.ref):
        return rename_folder(folder, name=name, user=User.objects.get(pk=person.id))


@pytest.mark.parametrize(
    ("names", "folder", "name", "expected"),
    [
        (["a/x", "a/b/y", "ab/z", "a"], "a", "new", ["a", "ab/z", "new/b/y", "new/x"]),
        (["a/x"], "a/", "b/c/d/", ["b/c/d/x"]),
        (["a/x", "b/y"], "a", "b", ["b/x", "b/y"]),
        (["a/a/x", "a/a/a/x"], "a/a", "a", ["a/a/x", "a/x"]),
        (["a/x"], "a", "a", ["a/x"]),
        (["é/x", "e\u0301%_/y"], "e\u0301%_", "%", ["%/y", "é/x"]),
        (["😀/🎬"], "😀", "x", ["x/🎬"]),
    ],
)
def test_folder_is_renamed_with_all_files_in_it(
    agency: Agency, names: list[str], folder: str, name: str, expected: list[str]
):
    insert(agency, agency.owner, [text.replace("e\u0301", "é") for text in names])

    rename(agency, agency.owner, folder, name)

    assert names_in(agency) == expected


def test_renaming_is_recorded_once(agency: Agency):
    stored = add_file(agency.owner.at, "x", b"content", path="old/x.txt")
    insert(agency, agency.owner, ["old/y.txt"])

    assert rename(agency, agency.owner, "old", "new") == 2

    [event] = agency.owner.at.get("/api/audit?action=folder.renamed").json()["results"]
    assert event["details"] == {"before": "old/", "after": "new/", "files": 2}
    assert (event["actor"]["id"], event["target"]["type"]) == (agency.owner.id, "folder")
    body = agency.owner.at.get(f"/api/files/{stored['id']}").json()
    assert body["name"] == "new/x.txt"
    assert body["updated_at"] > stored["updated_at"]
    assert agency.owner.at.get(f"/api/files/{stored['id']}/content").content == b"content"


def test_member_moves_own_files_and_manager_moves_all(agency: Agency):
    member = add_member(agency, "ben@rename.test")
    insert(agency, agency.owner, ["a/owners"])
    insert(agency, member, ["a/members"])

    assert rename(agency, member, "a", "b") == 1
    assert names_in(agency) == ["a/owners", "b/members"]
    rename(agency, agency.owner, "a", "b")
    assert rename(agency, agency.owner, "b", "c") == 2


def test_files_in_the_trash_stay(agency: Agency):
    file = add_file(agency.owner.at, "x", path="a/x")
    insert(agency, agency.owner, ["a/y"])
    agency.owner.at.delete(f"/api/files/{file['id']}")

    rename(agency, agency.owner, "a", "b")

    [row] = agency.owner.at.get("/api/trash").json()["results"]
    assert row["name"] == "a/x"


@pytest.mark.parametrize(
    ("folder", "name", "problem", "field"),
    [
        ("a", "", ValidationFailed, "name"),
        ("a", "/", ValidationFailed, "name"),
        ("a", "b/../c", ValidationFailed, "name"),
        ("a", "x\x01", ValidationFailed, "name"),
        ("a", "x" * 254, ValidationFailed, "name"),
        ("..", "b", ValidationFailed, "folder"),
        ("a", "a/b", FolderCycle, "name"),
        ("a", "taken", NameTaken, "name"),
        ("missing", "b", NotFound, ""),
        ("", "b", NotFound, ""),
    ],
)
def test_refused_renaming_changes_nothing(
    agency: Agency, folder: str, name: str, problem: type[Problem], field: str
):
    insert(agency, agency.owner, ["a/x", "a/y", "taken/y"])
    before = names_in(agency)

    with pytest.raises(problem) as raised:
        rename(agency, agency.owner, folder, name)

    assert [error.field for error in raised.value.errors] == ([field] if field else [])
    assert names_in(agency) == before
    with tenant_context(agency.ref):
        assert not AuditEvent.objects.filter(action="folder.renamed").exists()


def test_collision_names_the_files(agency: Agency):
    insert(agency, agency.owner, ["a/x", "a/y", "b/x", "b/z"])

    with pytest.raises(NameTaken) as raised:
        rename(agency, agency.owner, "a", "b")

    [error] = raised.value.errors
    assert (error.field, error.code) == ("name", "taken")
    assert "b/x" in error.detail


def test_equal_names_of_two_owners_do_not_collide(agency: Agency):
    member = add_member(agency, "ben@rename.test")
    insert(agency, agency.owner, ["a/x"])
    insert(agency, member, ["b/x"])

    rename(agency, agency.owner, "a", "b")

    assert names_in(agency) == ["b/x", "b/x"]


def test_folder_of_another_tenant_or_user_is_not_found(
    agency: Agency, new_agency: Callable[..., Agency]
):
    member, other = add_member(agency, "ben@rename.test"), new_agency()
    insert(agency, agency.owner, ["a/x"])

    for where, who in ((agency, member), (other, other.owner)):
        with pytest.raises(NotFound):
            rename(where, who, "a", "b")

    assert names_in(agency) == ["a/x"]


def test_number_of_files_is_limited(agency: Agency, monkeypatch: pytest.MonkeyPatch):
    insert(agency, agency.owner, ["a/1", "a/2", "a/3"])
    monkeypatch.setattr(services, "MAX_FOLDER_FILES", 2)

    with pytest.raises(TooManyFiles) as raised:
        rename(agency, agency.owner, "a", "b")

    assert raised.value.members == {"limit": 2}
    assert names_in(agency) == ["a/1", "a/2", "a/3"]


def test_concurrent_moves_to_one_place_lose_no_file(agency: Agency):
    insert(agency, agency.owner, [f"{folder}/{number}" for folder in "ab" for number in range(20)])

    def move(folder: str) -> str:
        try:
            return str(rename(agency, agency.owner, folder, "c"))
        except NameTaken:
            return "taken"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(move, ["a", "b"]))

    assert sorted(results) == ["20", "taken"]
    assert len(set(names_in(agency))) == 40
