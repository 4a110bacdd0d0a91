"""Many files as one ZIP: its contents, its names, who may have it, and how it breaks off."""

import io
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.test import Client

from audit.models import AuditEvent
from files.archive_names import member_names
from files.models import FileVersion
from files.storage.client import client
from files.storage.configured import tenant_storage
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency, Person, add_member
from tests.support.files.bucket import sha256
from tests.support.files.filename_cases import ACCEPTED, FILENAME_CASES
from tests.support.files.form_uploads import add_file
from tests.support.files.stored_files import store_files
from tests.support.http_client import Host

PATH = "/api/files/archive"
UNKNOWN = "00000000-0000-7000-8000-000000000000"
BROKEN_OFF = "without sending complete message body"
HOSTILE = [
    "../../etc/passwd",
    "/etc/shadow",
    "C:/Windows/x.dll",
    "a\\..\\b.txt",
    "a/../../b.txt",
    "a\nb\x00.txt",
    "nul",
    "x/aux.txt/y",
    "stream.txt:hidden",
    "././.",
    "//",
]


def download(host: Host, ids: list[str]) -> httpx.Response:
    response = host.post(PATH, {"files": ids})
    assert response.status_code == 200, response.text
    return response


def opened(response: httpx.Response) -> zipfile.ZipFile:
    """Open the ZIP of a response, and check what zipfile does not check."""
    assert int(response.headers["Content-Length"]) == len(response.content)
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    for member in archive.infolist():
        local = response.content[member.header_offset :][: 30 + 4 * 255]
        raw = member.filename.encode()
        assert local.startswith(b"PK\x03\x04")
        assert local[30 : 30 + len(raw)] == raw
        assert bool(member.flag_bits & 0x800) == (not member.filename.isascii())
        assert member.compress_type == zipfile.ZIP_STORED
    return archive


def object_key(agency: Agency, file_id: str) -> str:
    with tenant_context(agency.ref):
        version = FileVersion.objects.get(file_id=file_id)
        return tenant_storage().key_of(version.object_name)


def events(agency: Agency, *ids: str) -> list[AuditEvent]:
    with tenant_context(agency.ref):
        found = AuditEvent.objects.filter(action="file.downloaded", target_id__in=ids)
        return list(found.order_by("at"))


def test_archive_has_the_current_contents(agency: Agency, tmp_path: Path):
    contents = {
        "empty.txt": b"",
        "reports/q1.bin": secrets.token_bytes(3_000_000),
        "reports/文件.txt": "conteúdo".encode(),
    }
    ids = [add_file(agency.owner.at, "x", data, path=name)["id"] for name, data in contents.items()]
    add_file(agency.owner.at, "x", b"a newer version", path="empty.txt")

    response = download(agency.owner.at, [*ids, ids[0]])

    archive = opened(response)
    found = {name: sha256(archive.read(name)) for name in archive.namelist()}
    expected = {**contents, "empty.txt": b"a newer version"}
    assert found == {name: sha256(data) for name, data in expected.items()}
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == 'attachment; filename="files.zip"'
    assert response.headers["Cache-Control"] == "private, no-store"
    require_unzip_accepts(response.content, tmp_path)


def require_unzip_accepts(content: bytes, folder: Path) -> None:
    """Test a ZIP with Info-ZIP, which is stricter than Python, where it is installed."""
    if unzip := shutil.which("unzip"):
        (folder / "files.zip").write_bytes(content)
        subprocess.run([unzip, "-tqq", folder / "files.zip"], check=True, capture_output=True)


def test_each_file_of_an_archive_is_audited(agency: Agency):
    member = add_member(agency, "ben@archive.test")
    ids = [add_file(member.at, f"{number}.txt")["id"] for number in range(3)]

    download(member.at, ids)

    written = events(agency, *ids)
    assert [event.target_id for event in written] == ids
    assert {(event.actor_id, event.target_type) for event in written} == {(member.id, "file")}
    assert all(event.details == {"version": 1, "by": "archive"} for event in written)
    assert all(event.request_id and event.ip for event in written)


@pytest.mark.nightly
def test_thousand_small_files_are_one_archive(agency: Agency, tmp_path: Path):
    contents = {f"many/{number:04}.txt": f"file {number}".encode() for number in range(1000)}
    ids = store_files(agency, agency.owner, contents)

    response = download(agency.owner.at, list(ids.values()))

    archive = opened(response)
    assert {name: archive.read(name) for name in archive.namelist()} == contents
    assert len(events(agency, *ids.values())) == 1000
    require_unzip_accepts(response.content, tmp_path)


def test_hostile_names_stay_within_the_folder(agency: Agency, tmp_path: Path):
    names = [case.text for case in FILENAME_CASES if case.path == ACCEPTED and case.text]
    hostile = [name for name in HOSTILE if "\0" not in name]
    contents = {name: name.encode() for name in dict.fromkeys([*names, *hostile])}
    ids = store_files(agency, agency.owner, contents)

    archive = opened(download(agency.owner.at, list(ids.values())))

    members = archive.namelist()
    assert [archive.read(name).decode() for name in members] == list(contents)
    assert all(is_safe(name) for name in members)
    archive.extractall(tmp_path / "in")
    extracted = {path.read_bytes().decode() for path in tmp_path.rglob("*") if path.is_file()}
    assert extracted == set(contents)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def is_safe(name: str) -> bool:
    parts = name.split("/")
    plain = not any(char in '<>:"|?*\\' or char < " " or char == "\x7f" for char in name)
    return plain and all(part.strip(". ") and len(part.encode()) <= 255 for part in parts)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.txt", "A.TXT", "a.txt"], ["a.txt", "A (2).TXT", "a (3).txt"]),
        (["a.txt", "a (2).txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a", "a/b"], ["a (2)", "a/b"]),
        (["a/b", "A"], ["a/b", "A (2)"]),
        (["straße.txt", "STRASSE.txt"], ["straße.txt", "STRASSE (2).txt"]),
        ([".profile", ".profile"], [".profile", ".profile (2)"]),
        (["x" * 255, "x" * 255], ["x" * 255, "x" * 251 + " (2)"]),
        (["é" * 125 + ".txt"] * 2, ["é" * 125 + ".txt", "é" * 123 + " (2).txt"]),
        (["x:y", "x?y"], ["x_y", "x_y (2)"]),
        (HOSTILE[:2], ["_/_/etc/passwd", "etc/shadow"]),
        (HOSTILE[-2:], ["_/_/_", "_ (2)"]),
    ],
)
def test_member_names_are_safe_and_unique(names: list[str], expected: list[str]):
    found = member_names(names)

    assert found[: len(expected)] == expected
    assert len({name.casefold() for name in found}) == len(names)


def test_member_names_are_relative_to_the_base():
    names = ["reports/q1.pdf", "reports/2026/q2.pdf", "other/x.pdf"]

    assert member_names(names, base="reports/") == ["q1.pdf", "2026/q2.pdf", "other/x.pdf"]


def test_member_names_of_many_equal_names_take_linear_time():
    found = member_names(["same.txt"] * 10_000)

    assert found[-1] == "same (10000).txt"
    assert len(set(found)) == 10_000


@pytest.mark.parametrize("whose", ["another tenant", "another member", "nobody", "trash"])
def test_unreadable_file_is_not_found_and_nothing_leaks(
    agency: Agency, new_agency: Callable[..., Agency], whose: str
):
    member = add_member(agency, "ben@archive.test")
    own = add_file(member.at, "own.txt")["id"]
    other = {
        "another tenant": lambda: add_file(new_agency().owner.at, "secret.txt")["id"],
        "another member": lambda: add_file(agency.owner.at, "secret.txt")["id"],
        "nobody": lambda: UNKNOWN,
        "trash": lambda: trashed_file(member),
    }[whose]()

    response = member.at.post(PATH, {"files": [own, other]})

    assert response.status_code == 404
    body = response.json()
    assert (body["code"], [error["field"] for error in body["errors"]]) == (
        "not_found",
        ["files.1"],
    )
    assert "secret" not in response.text
    assert events(agency, own, other) == []


def trashed_file(owner: Person) -> str:
    file_id = add_file(owner.at, "deleted.txt")["id"]
    assert owner.at.delete(f"/api/files/{file_id}").status_code == 204
    return file_id


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["files"]),
        ({"files": []}, ["files"]),
        ({"files": ["x"]}, ["files.0"]),
        ({"files": "x"}, ["files"]),
        ({"files": [UNKNOWN] * 10_001}, ["files"]),
        ({"files": [UNKNOWN], "format": "tar"}, ["format"]),
    ],
)
def test_invalid_request_names_its_fields(acme: Agency, body: dict, fields: list[str]):
    response = acme.owner.at.post(PATH, body)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == fields


@pytest.mark.parametrize(
    "limit", [{"ARCHIVE_MAX_FILES": 1}, {"ARCHIVE_MAX_BYTES": 7}], ids=["files", "bytes"]
)
def test_archive_above_a_limit_is_refused(
    acme: Agency, in_process_client: Callable[..., Client], settings, limit: dict
):
    ids = [add_file(acme.owner.at, f"limit-{number}.txt", b"four")["id"] for number in range(2)]
    for name, value in limit.items():
        setattr(settings, name, value)

    response = in_process_client(acme, acme.owner).post(
        PATH, {"files": ids}, content_type="application/json"
    )

    assert (response.status_code, response.json()["code"]) == (413, "archive_too_large")
    assert set(response.json()["limit"]) == {"files", "bytes"}
    assert events(acme, *ids) == []


@pytest.mark.parametrize("change", ["purged", "shorter", "longer"])
def test_file_that_changes_later_truncates_the_archive(agency: Agency, change: str):
    large = secrets.token_bytes(500_000)
    contents = {"1.bin": large, "2.bin": large, "3.bin": b"last"}
    ids = store_files(agency, agency.owner, contents)
    where = {"Bucket": stack.env["S3_BUCKET"], "Key": object_key(agency, ids["2.bin"])}
    if change == "purged":
        client().delete_object(**where)
    else:
        size = {"shorter": 1000, "longer": 600_000}[change]
        client().put_object(**where, Body=secrets.token_bytes(size))

    with pytest.raises(httpx.RemoteProtocolError, match=BROKEN_OFF):
        agency.owner.at.post(PATH, {"files": list(ids.values())})


def test_archive_whose_first_file_is_purged_is_not_found(agency: Agency):
    ids = store_files(agency, agency.owner, {"1.bin": b"first", "2.bin": b"second"})
    client().delete_object(Bucket=stack.env["S3_BUCKET"], Key=object_key(agency, ids["1.bin"]))

    response = agency.owner.at.post(PATH, {"files": list(ids.values())})

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert events(agency, *ids.values()) == []


def test_manager_downloads_equal_names_of_two_owners(agency: Agency):
    member = add_member(agency, "ben@archive.test")
    ids = [add_file(who.at, "plan.pdf", who.id.encode())["id"] for who in (agency.owner, member)]

    archive = opened(download(agency.owner.at, ids))

    assert {name: archive.read(name).decode() for name in archive.namelist()} == {
        "plan.pdf": agency.owner.id,
        "plan (2).pdf": member.id,
    }
