"""Folders of file names: one page of a folder, found by whom, in which order, and filtered."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.problems import InvalidCursor, ValidationFailed
from files.folders.kinds import KINDS, kind_of
from files.folders.listing import FolderPage, folder_files, list_folder
from files.folders.subfolders import COUNT_LIMIT
from files.models import File
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.files.stored_files import insert_files
from tests.support.http_client import Site

PDF, PNG, ZIP = "application/pdf", "image/png", "application/zip"
OWNERS = {
    "top.txt": (5, "text/plain"),
    "a.pdf": (30, PDF),
    "reports": (1, "text/plain"),
    "reports/q1.pdf": (10, PDF),
    "reports/q2.pdf": (20, PDF),
    "reports/2026/jan.png": (7, PNG),
    "reports/2026/feb.png": (8, PNG),
    "reports.old/x.zip": (3, ZIP),
    "reports0/y.bin": (2, "application/octet-stream"),
    "émile/z.mp3": (4, "audio/mpeg"),
    "😀/🎬.mp4": (9, "video/mp4"),
}
MEMBERS = {"reports/own.txt": (6, "text/plain"), "mine/deep/er/file.txt": (1, "text/plain")}


@dataclass(frozen=True)
class Tree:
    """An agency with the files above; some more are in the trash."""

    agency: Agency
    member: Person

    def user(self, *, manager: bool = True) -> User:
        return User.objects.get(pk=self.agency.owner.id if manager else self.member.id)


@pytest.fixture(scope="module")
def stored(site: Site) -> Tree:
    agency = create_agency(site, "agency-of-folders")
    member = add_member(agency, "ben@folders.test")
    with tenant_context(agency.ref):
        insert_files(agency.owner, OWNERS)
        insert_files(member, MEMBERS)
        [trashed] = insert_files(agency.owner, {"gone/trashed.txt": (1, "text/plain")})
        File.objects.filter(pk=trashed.pk).update(deleted_at=trashed.created_at)
    return Tree(agency, member)


@pytest.fixture
def tree(stored: Tree) -> Iterator[Tree]:
    with tenant_context(stored.agency.ref):
        yield stored


def names(page: FolderPage) -> list[str]:
    return [*(folder.path for folder in page.folders), *(file.name for file in page.files)]


def test_top_has_its_subfolders_then_its_files(tree: Tree):
    page = list_folder(tree.user())

    assert names(page) == [
        "mine/",
        "reports.old/",
        "reports/",
        "reports0/",
        "émile/",
        "😀/",
        "a.pdf",
        "reports",
        "top.txt",
    ]
    assert page.next_cursor == ""
    reports = page.folders[2]
    assert (reports.name, reports.files, reports.size, reports.has_more) == (
        "reports",
        5,
        51,
        False,
    )


def test_folder_has_only_what_is_directly_in_it(tree: Tree):
    page = list_folder(tree.user(), "reports")

    assert names(page) == ["reports/2026/", "reports/own.txt", "reports/q1.pdf", "reports/q2.pdf"]
    assert (page.folder, page.folders[0].name) == ("reports/", "2026")
    assert list_folder(tree.user(), "reports/") == page


def test_member_sees_folders_of_own_files_only(tree: Tree):
    user = tree.user(manager=False)

    top, reports = list_folder(user), list_folder(user, "reports/")

    assert names(top) == ["mine/", "reports/"]
    assert [(folder.files, folder.size) for folder in top.folders] == [(1, 1), (1, 6)]
    assert names(reports) == ["reports/own.txt"]
    assert names(list_folder(user, "reports/2026/")) == []
    assert [file.name for file in folder_files(user, "reports")] == ["reports/own.txt"]


def test_parents_lead_down_to_the_folder(tree: Tree):
    page = list_folder(tree.user(manager=False), "mine/deep/er")

    assert page.parents == [("mine/", "mine"), ("mine/deep/", "deep"), ("mine/deep/er/", "er")]
    assert names(list_folder(tree.user(), "mine")) == ["mine/deep/"]


def test_folder_without_files_is_empty(tree: Tree):
    assert names(list_folder(tree.user(), "gone")) == []
    assert names(list_folder(tree.user(), "report")) == []


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 6, 7, 50])
@pytest.mark.parametrize("sort", ["name", "-name", "size", "-size", "created_at", "-created_at"])
@pytest.mark.parametrize("manager", [True, False])
def test_pages_together_are_the_whole_folder(tree: Tree, sort: str, page_size: int, manager: bool):
    user = tree.user(manager=manager)
    whole = list_folder(user, sort=sort)
    pages, cursor = [], ""
    while not pages or cursor:
        page = list_folder(user, sort=sort, cursor=cursor, page_size=page_size)
        pages.append(page)
        cursor = page.next_cursor
        assert len(names(page)) <= page_size

    assert [name for page in pages for name in names(page)] == names(whole)
    keys = [getattr(file, sort.removeprefix("-")) for page in pages for file in page.files]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    folders = [folder.path for page in pages for folder in page.folders]
    assert folders == sorted(folders, key=str.encode, reverse=sort == "-name")
    assert all(names(page) for page in pages)


def test_search_finds_files_at_any_depth(tree: Tree):
    assert names(list_folder(tree.user(), search="Q2.PDF")) == ["reports/q2.pdf"]
    assert names(list_folder(tree.user(), "reports", search="J")) == ["reports/2026/jan.png"]
    assert names(list_folder(tree.user(), "émile", search="jan")) == []


def test_search_has_pages(tree: Tree):
    first = list_folder(tree.user(), search=".p", page_size=3)
    second = list_folder(tree.user(), search=".p", page_size=3, cursor=first.next_cursor)

    found = [*names(first), *names(second)]
    assert found == [
        "a.pdf",
        "reports/2026/feb.png",
        "reports/2026/jan.png",
        "reports/q1.pdf",
        "reports/q2.pdf",
    ]
    assert second.next_cursor == ""


@pytest.mark.parametrize("kind", KINDS)
def test_kind_finds_its_files_at_any_depth(tree: Tree, kind: str):
    types = {name: kind for name, (_, kind) in (OWNERS | MEMBERS).items()}

    found = names(list_folder(tree.user(), kind=kind))

    assert sorted(found) == sorted(name for name in types if kind_of(types[name]) == kind)
    assert found


def test_every_content_type_has_one_kind():
    types = [kind for _, kind in OWNERS.values()]

    found = {kind: len(list(group)) for kind, group in groupby(sorted(map(kind_of, types)))}

    assert found == {
        "archive": 1,
        "audio": 1,
        "document": 5,
        "image": 2,
        "other": 1,
        "video": 1,
    }


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"folder": "a/../b"}, "folder"),
        ({"folder": "/etc"}, "folder"),
        ({"folder": "a//b"}, "folder"),
        ({"folder": "a\x00b"}, "folder"),
        ({"folder": "x" * 255}, "folder"),
        ({"search": "\x00"}, "search"),
        ({"kind": "virus"}, "kind"),
        ({"sort": "owner"}, "ordering"),
    ],
)
def test_invalid_option_is_named(tree: Tree, options: dict[str, str], field: str):
    with pytest.raises(ValidationFailed) as raised:
        list_folder(tree.user(), **options)

    assert [error.field for error in raised.value.errors] == [field]


@pytest.mark.parametrize("cursor", ["x", "W10", "bm9uZQ", "WyJuYW1lIiwiLi4vIixudWxsLG51bGxd"])
def test_forged_cursor_is_refused(tree: Tree, cursor: str):
    with pytest.raises(InvalidCursor):
        list_folder(tree.user(), cursor=cursor)


def test_cursor_of_another_order_is_refused(tree: Tree):
    cursor = list_folder(tree.user(), page_size=1).next_cursor

    with pytest.raises(InvalidCursor):
        list_folder(tree.user(), sort="size", cursor=cursor)


def test_folder_with_many_files_takes_two_queries(agency: Agency):
    many = {f"many/{number % 300}/{number}.txt": (1, "text/plain") for number in range(1500)}
    with tenant_context(agency.ref):
        insert_files(agency.owner, many)
        user = User.objects.get(pk=agency.owner.id)

        with CaptureQueriesContext(connection) as queries:
            top, inner = list_folder(user), list_folder(user, "many", page_size=200)

    assert len([query for query in queries if "files_file" in query["sql"]]) == 3
    [folder] = top.folders
    assert (folder.files, folder.size, folder.has_more) == (COUNT_LIMIT, COUNT_LIMIT + 1, True)
    assert (len(inner.folders), {folder.files for folder in inner.folders}) == (200, {5})
