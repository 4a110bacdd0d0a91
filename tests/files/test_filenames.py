"""Validation of file names, and the names of downloads."""

import re
import uuid
from urllib.parse import unquote

import httpx
import pytest

from core.problems import ValidationFailed
from files.filenames import content_disposition, validate_path
from tests.support.factories import Agency, create_agency
from tests.support.files.bucket import stored_keys
from tests.support.files.direct_uploads import upload_directly
from tests.support.files.filename_cases import ACCEPTED, FILENAME_CASES, FilenameCase
from tests.support.files.form_uploads import add_file, form_part, post_file, post_parts
from tests.support.http_client import Host, Site

KEY = re.compile(r"files/[0-9a-f-]{36}")

# Two names, and whether they are equal; the first of two equal names is in normal form C.
ALIKE = [
    ("Case.txt", "case.txt", False),
    ("caf\u00e9.txt", "cafe\u0301.txt", True),
    ("\ud55c.txt", "\u1112\u1161\u11ab.txt", True),
]
NEWLINES = {"\n", "\r"}  # the header of a form part cannot contain them


def outcome_of(response: httpx.Response, field: str) -> str:
    """Return ACCEPTED, or the error code of the field."""
    if response.status_code in (200, 201):
        return ACCEPTED
    assert response.status_code == 400, response.text
    if response.json()["code"] != "validation_failed":
        return response.json()["code"]
    [fault] = response.json()["errors"]
    assert fault["field"] == field
    return fault["code"]


@pytest.fixture(scope="module")
def agency(site: Site) -> Agency:
    """An agency without files."""
    return create_agency(site, "agency-of-names")


@pytest.mark.parametrize("row", FILENAME_CASES, ids=lambda row: row.kind)
def test_filename_is_treated_alike_by_every_endpoint(agency: Agency, row: FilenameCase):
    ada = agency.owner.at
    if NEWLINES.isdisjoint(row.text):
        assert outcome_of(post_parts(ada, [form_part("file", row.text, b"x")]), "file") == row.form
    by_path = post_file(ada, "own-name.txt", b"x", path=row.text)
    created = ada.post("/api/uploads", {"name": row.text, "size": 1})
    other = add_file(ada, f"{uuid.uuid4()}.txt", b"x")

    renamed = ada.patch(f"/api/files/{other['id']}", {"name": row.text})
    assert ada.delete(f"/api/files/{other['id']}").status_code == 204
    restored = ada.post(f"/api/trash/{other['id']}/restore", {"name": row.text})

    assert outcome_of(by_path, "path") == row.path
    assert outcome_of(created, "name") == row.created
    assert_outcome(renamed, row.renamed)
    assert_outcome(restored, row.restored)
    assert all(KEY.fullmatch(key.partition("/")[2]) for key in stored_keys(agency))


def assert_outcome(response: httpx.Response, outcome: str) -> None:
    """Check the result of a name that a file has already got through another endpoint."""
    if outcome == ACCEPTED:
        assert (response.status_code, response.json()["code"]) == (409, "name_taken")
    else:
        assert outcome_of(response, "name") == outcome


@pytest.mark.parametrize(
    "row", [row for row in FILENAME_CASES if row.saved_as], ids=lambda row: row.kind
)
def test_download_has_a_safe_filename(agency: Agency, site: Site, row: FilenameCase):
    ada = agency.owner.at
    file = add_file(ada, "own-name.txt", b"x", path=row.text)

    assert file["name"] == row.text
    for response in fetch_downloads(site, ada, file["id"]):
        assert response.status_code == 200, response.text
        header = response.headers["Content-Disposition"]
        assert header == content_disposition(row.text)
        assert saved_as(header) == row.saved_as
    assert len(row.saved_as.encode()) <= 255


def fetch_downloads(site: Site, host: Host, file_id: str) -> list[httpx.Response]:
    """Return the responses of both endpoints that return the content."""
    link = host.get(f"/api/files/{file_id}/download").headers["Location"]
    return [site.fetch(link), host.get(f"/api/files/{file_id}/content")]


def saved_as(header: str) -> str:
    """Read the name as browsers do: ``filename*`` before ``filename`` (RFC 6266, section 4.3)."""
    kind, _, rest = header.partition("; ")
    assert kind == "attachment"
    plain, _, extended = rest.partition("; filename*=UTF-8''")
    assert plain.startswith('filename="')
    assert plain.endswith('"')
    assert plain.isascii()
    return unquote(extended) if extended else plain[len('filename="') : -1]


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "a/b", "x" * 256, "a\x07b"])
def test_invalid_filename_leaves_nothing_in_the_store(acme: Agency, name: str):
    before = stored_keys(acme)

    response = post_parts(acme.owner.at, [form_part("file", name, b"x" * 9_000_000)])

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "file"
    assert stored_keys(acme) == before


@pytest.mark.parametrize("path", ["/a", "a/", "a//b", "a/../b", "./a", "a/\x07", "x" * 256])
def test_invalid_path_is_refused(path: str):
    with pytest.raises(ValidationFailed) as refused:
        validate_path(path, field="path")

    assert refused.value.errors[0].field == "path"


@pytest.mark.parametrize("endpoint", ["form", "path", "created"])
@pytest.mark.parametrize(("first", "second", "one"), ALIKE, ids=["case", "composed", "Hangul"])
def test_filenames_are_compared_in_normal_form_c(
    site: Site, new_agency, endpoint: str, first: str, second: str, one: bool
):
    """Every endpoint treats normal forms as one name, and different case as two."""
    ada = new_agency().owner.at
    former = add_file(ada, first, b"1")
    endpoints = {
        "form": lambda: add_file(ada, second, b"2"),
        "path": lambda: add_file(ada, "own-name.txt", b"2", path=second),
        "created": lambda: upload_directly(site, ada, second, b"2"),
    }

    later = endpoints[endpoint]()

    assert (later["id"] == former["id"], later["version"]) == ((True, 2) if one else (False, 1))
    assert later["name"] == (first if one else second)
    for response in fetch_downloads(site, ada, later["id"]):
        assert (response.content, saved_as(response.headers["Content-Disposition"])) == (
            b"2",
            later["name"],
        )


@pytest.mark.parametrize(("first", "second", "one"), ALIKE, ids=["case", "composed", "Hangul"])
def test_rename_is_compared_in_normal_form_c(new_agency, first: str, second: str, one: bool):
    ada = new_agency().owner.at
    add_file(ada, first, b"1")
    other = add_file(ada, "other.txt", b"2")["id"]

    renamed = ada.patch(f"/api/files/{other}", {"name": second})

    assert renamed.status_code == (409 if one else 200)
    assert ada.get(f"/api/files/{other}").json()["name"] == ("other.txt" if one else second)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.txt", 'attachment; filename="plain.txt"'),
        ('quo"te.txt', "attachment; filename=\"quo_te.txt\"; filename*=UTF-8''quo%22te.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("é.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("a/b/c.txt", 'attachment; filename="c.txt"'),
        ("photo\u202egpj.exe", 'attachment; filename="photo_gpj.exe"'),
        ("x" * 250 + ".abcdef", f'attachment; filename="{"x" * 248}.abcdef"'),
        ("é" * 200, f"attachment; filename=\"{'_' * 127}\"; filename*=UTF-8''{'%C3%A9' * 127}"),
    ],
)
def test_content_disposition_encodes_any_filename(name: str, header: str):
    assert content_disposition(name) == header
