"""Lists of files: readable rows only, each of them once, in the requested order."""

import base64
import itertools
import json
import secrets
import uuid

import pytest
from django.db import transaction

from accounts.models import User
from files.models import File, FileVersion
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Host

TIED = 1300


@pytest.fixture(scope="module")
def member_with_many_files(acme: Agency) -> Person:
    """A member with more files of one size than DRF's own cursor can distinguish."""
    member = add_member(acme, f"{secrets.token_hex(4)}@acme.test")
    with tenant_context(acme.ref):
        owner = User.objects.get(pk=member.id)
        ids = [uuid.uuid4() for _ in range(TIED)]
        names = [f"{number:05}-{secrets.token_hex(2)}.txt" for number in range(TIED)]
        with transaction.atomic():
            files = [
                File(id=uuid.uuid4(), name=name, owner=owner, current_id=pk, size=0)
                for pk, name in zip(ids, names, strict=True)
            ]
            File.objects.bulk_create(files)
            FileVersion.objects.bulk_create(
                FileVersion(
                    id=pk,
                    file=file,
                    number=1,
                    object_name=f"files/{pk}",
                    size=0,
                    sha256="0" * 64,
                    content_type="text/plain",
                    created_by=owner,
                )
                for pk, file in zip(ids, files, strict=True)
            )
    return member


def list_all_pages(host: Host, path: str, direction: str = "next") -> list[dict]:
    """Follow the links of a list to its end; return the bodies of the pages."""
    pages = []
    while path:
        response = host.get(path)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        address = response.json()[direction] or ""
        path = address[address.index("/api/") :] if address else ""
    return pages


@pytest.mark.parametrize("ordering", ["size", "-size", "name", "-name", "created_at", ""])
def test_pages_return_every_row_once_in_both_directions(
    member_with_many_files: Person, ordering: str
):
    pages = list_all_pages(member_with_many_files.at, f"/api/files?ordering={ordering}&limit=200")
    last = pages[-2]["next"]
    back = list_all_pages(member_with_many_files.at, last[last.index("/api/") :], "previous")

    forwards = [row["id"] for page in pages for row in page["results"]]
    backwards = [row["id"] for page in reversed(back) for row in page["results"]]
    assert len(forwards) == len(set(forwards)) == TIED
    assert backwards == forwards
    assert pages[-1]["next"] is None
    assert pages[0]["previous"] is None


def test_page_links_use_the_requested_host(member_with_many_files: Person):
    link = member_with_many_files.at.get("/api/files?limit=1").json()["next"]

    assert link.startswith(
        f"http://{member_with_many_files.at.name}:{member_with_many_files.at.port}/api/files?"
    )


def test_ordering_is_applied(acme: Agency, new_agency):
    agency = new_agency()
    for name, size in [("b.txt", 3), ("a.txt", 1), ("c.txt", 2)]:
        add_file(agency.owner.at, name, b"x" * size)

    def names(ordering: str) -> str:
        rows = agency.owner.at.get(f"/api/files?ordering={ordering}").json()["results"]
        return "".join(row["name"][0] for row in rows)

    assert {order: names(order) for order in ["name", "-name", "size", "-created_at", ""]} == {
        "name": "abc",
        "-name": "cba",
        "size": "acb",
        "-created_at": "cab",
        "": "cab",
    }


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("ordering=owner", "ordering", "invalid_choice"),
        ("ordering=--name", "ordering", "invalid_choice"),
        ("ordering=name,size", "ordering", "invalid_choice"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=x", "limit", "out_of_range"),
        ("search=%00", "search", "invalid"),
        ("search=" + "x" * 256, "search", "invalid"),
    ],
)
def test_invalid_query_parameter_is_refused_with_its_field(
    acme: Agency, query: str, field: str, code: str
):
    response = acme.owner.at.get(f"/api/files?{query}")

    assert response.status_code == 400
    [fault] = response.json()["errors"]
    assert (fault["field"], fault["code"]) == (field, code)
    assert field != "search" or "null character" in fault["detail"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "W10", "WyJuYW1lIiwwLCJhIiwiYiJd", "e30", "%00", "x" * 3500, "WzEsMiwzLDRd", "W1tbW1tb"],
)
def test_forged_cursor_is_refused(acme: Agency, cursor: str):
    response = acme.owner.at.get(f"/api/files?cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("0001-01-01T00:00:00+23:59", 400),
        ("9999-12-31T23:59:59-23:59", 400),
        ("2026-11-22T01:00:00+23:59", 200),
    ],
)
def test_cursor_with_an_impossible_time_is_refused(acme: Agency, moment: str, status: int):
    parts = json.dumps(["-created_at", False, moment, str(uuid.uuid4())])
    cursor = base64.urlsafe_b64encode(parts.encode()).rstrip(b"=").decode()

    response = acme.owner.at.get(f"/api/files?cursor={cursor}")

    assert response.status_code == status, response.text
    assert status == 200 or response.json()["code"] == "invalid_cursor"


def test_cursor_of_another_ordering_is_refused(member_with_many_files: Person):
    link = member_with_many_files.at.get("/api/files?limit=1&ordering=name").json()["next"]
    other = link[link.index("/api/") :].replace("ordering=name", "ordering=size")

    response = member_with_many_files.at.get(other)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


def test_search_ignores_case_and_takes_wildcards_literally(acme: Agency):
    word = secrets.token_hex(4)
    for name in [f"ÉTÉ-{word}.txt", f"100%-{word}.txt", f"other_{word}.txt"]:
        add_file(acme.owner.at, name)

    def found(text: str) -> set[str]:
        params = {"search": f"{text}{word}"}
        rows = acme.owner.at.get("/api/files", params=params).json()["results"]
        return {row["name"] for row in rows}

    assert found("été-") == {f"ÉTÉ-{word}.txt"}
    assert found("e\u0301te\u0301-") == {f"ÉTÉ-{word}.txt"}
    assert found("%-") == {f"100%-{word}.txt"}
    assert found("_") == {f"other_{word}.txt"}


def test_list_shows_own_files_to_members_and_all_to_owners(
    acme: Agency, globex: Agency, ben: Person
):
    word = secrets.token_hex(4)
    for host, name in [(acme.owner.at, "ada"), (ben.at, "ben"), (globex.owner.at, "cyn")]:
        add_file(host, f"{name}-{word}.txt")

    def seen(host: Host) -> list[str]:
        rows = host.get(f"/api/files?search={word}&ordering=name").json()["results"]
        return [row["name"][:3] for row in rows]

    assert seen(acme.owner.at) == ["ada", "ben"]
    assert seen(ben.at) == ["ben"]
    assert seen(globex.owner.at) == ["cyn"]


def test_page_links_keep_the_search(acme: Agency):
    word = secrets.token_hex(4)
    for number in range(3):
        add_file(acme.owner.at, f"{word}-{number}.txt")

    pages = list_all_pages(acme.owner.at, f"/api/files?search={word}&limit=1&ordering=name")

    names = list(itertools.chain(*([r["name"] for r in page["results"]] for page in pages)))
    assert names == [f"{word}-{number}.txt" for number in range(3)]


def test_longest_names_can_be_paginated(new_agency):
    agency = new_agency()
    names = sorted("\U0001f4c4" * 250 + str(number) for number in range(3))
    for name in names:
        add_file(agency.owner.at, "x", path=name)

    pages = list_all_pages(agency.owner.at, "/api/files?limit=1&ordering=name")

    assert [row["name"] for page in pages for row in page["results"]] == names
