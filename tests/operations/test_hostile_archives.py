"""Damaged, forged and foreign archives are refused before anything is changed."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from operations.archives.file_format import (
    END,
    HEADER,
    MANIFEST,
    OBJECT_LIST,
    SIGNATURE,
    header,
    padding,
)
from tenants.models import Tenant
from tests.support.commands import run_command
from tests.support.factories import Agency, add_member, create_agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def source(site: Site) -> Agency:
    """An agency with a member and two files."""
    agency = create_agency(site, "hostile-source")
    add_member(agency, "ben@hostile.test")
    add_file(agency.owner.at, "a.txt", b"12345" * 400)
    add_file(agency.owner.at, "b.txt", b"678")
    return agency


@pytest.fixture(scope="module")
def valid_archive(source: Agency, tmp_path_factory) -> Path:
    """A complete archive of the source."""
    path = tmp_path_factory.mktemp("archives") / "good.tar"
    run_command("export_tenant", source.slug, "--to", str(path))
    return path


@pytest.fixture
def assert_refused(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Assert that an archive with this content is refused and creates no tenant."""
    before = set(Tenant.objects.values_list("pk", flat=True))

    def check(text: bytes, *options: str) -> str:
        path = tmp_path / "bad.tar"
        path.write_bytes(text)
        with pytest.raises(CommandError) as caught:
            run_command("import_tenant", str(path), "--as", "never-made", *options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    yield check
    assert set(Tenant.objects.values_list("pk", flat=True)) == before


def members_of(path: Path) -> Members:
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers()}


def packed(members: Members) -> bytes:
    """Pack members as the archive writer does."""
    parts = [header(n, len(d)) + d + padding(len(d)) for n, d in members.items()]
    return b"".join(parts) + END


def signed(members: Members, **changes: Any) -> bytes:
    """Forge an archive: change the manifest and correct its digest, but not its signature."""
    manifest = {**json.loads(members[MANIFEST]), **changes}
    text = json.dumps(manifest).encode()
    digest = hashlib.sha256(text).hexdigest()
    return packed({**members, MANIFEST: text, SIGNATURE: f"{digest}\n{'0' * 64}\n".encode()})


def part_of(name: str, text: bytes, columns: list[str], rows: int) -> dict[str, Any]:
    digest = hashlib.sha256(text).hexdigest()
    return {"name": name, "columns": columns, "rows": rows, "size": len(text), "sha256": digest}


def test_archive_is_an_ordinary_tar_file(valid_archive: Path):
    members = members_of(valid_archive)

    assert packed(members) == valid_archive.read_bytes()
    assert next(iter(members)) == HEADER
    assert members["objects/000000000"] in (b"12345" * 400, b"678")
    assert json.loads(members[MANIFEST])["tenant"]["slug"] == "hostile-source"


@pytest.mark.parametrize("where", range(0, 100, 7))
def test_flipped_bit_at_any_offset_is_refused(valid_archive: Path, assert_refused, where: int):
    text = bytearray(valid_archive.read_bytes())
    text[len(text) * where // 100] ^= 1

    assert_refused(bytes(text))
    assert_refused(bytes(text), "--accept-foreign")


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 1500, -1, -512, -1024, -2048, -5000])
def test_truncated_archive_is_refused(valid_archive: Path, assert_refused, cut: int):
    assert_refused(valid_archive.read_bytes()[:cut], "--accept-foreign")


@pytest.mark.parametrize("more", [b"\0", b"x" * 512, bytes(512)])
def test_bytes_after_the_end_are_refused(valid_archive: Path, assert_refused, more: bytes):
    assert "end" in assert_refused(valid_archive.read_bytes() + more, "--accept-foreign")


@pytest.mark.parametrize("name", [HEADER, OBJECT_LIST, MANIFEST, SIGNATURE, "objects/000000001"])
@pytest.mark.parametrize("change", ["without", "twice", "empty"])
def test_missing_empty_or_repeated_member_is_refused(
    valid_archive: Path, assert_refused, name: str, change: str
):
    members = members_of(valid_archive)
    if change == "twice":
        at = packed(members)
        assert_refused(at.replace(header(name, len(members[name])), header(name, 0) * 2, 1))
        return
    if change == "without":
        del members[name]
    else:
        members[name] = b""

    assert_refused(packed(members), "--accept-foreign")


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../../etc/passwd", tarfile.REGTYPE, ""),
        ("/etc/passwd", tarfile.REGTYPE, ""),
        ("tables/../x.copy", tarfile.REGTYPE, ""),
        ("tables/a.copy", tarfile.SYMTYPE, "/etc/passwd"),
        ("objects/000000002", tarfile.LNKTYPE, "objects/000000000"),
        ("tables/accounts_user.copy", tarfile.REGTYPE, ""),
        ("dev", tarfile.CHRTYPE, ""),
        ("x" * 99, tarfile.GNUTYPE_SPARSE, ""),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 3, -2])
def test_unexpected_member_is_refused(
    valid_archive: Path, assert_refused, name: str, kind: bytes, link: str, at: int
):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    blocks = [header(n, len(d)) + d + padding(len(d)) for n, d in members_of(valid_archive).items()]
    blocks.insert(at, info.tobuf(tarfile.GNU_FORMAT))

    assert_refused(b"".join(blocks) + END, "--accept-foreign")


@pytest.mark.parametrize("size", [10**18, 2**63, -1, 8 * 1024**3])
def test_false_member_size_is_refused(valid_archive: Path, assert_refused, size: int):
    info = tarfile.TarInfo("tables/accounts_session.copy")
    info.size, info.mode = size, 0o600
    members = members_of(valid_archive)
    first = packed({HEADER: members[HEADER]}).removesuffix(END)

    assert_refused(first + info.tobuf(tarfile.GNU_FORMAT), "--accept-foreign")


def test_complete_file_with_unknown_signature_is_untrusted(valid_archive: Path, assert_refused):
    forged = signed(members_of(valid_archive))

    assert "--accept-foreign" in assert_refused(forged)


def test_foreign_manifest_is_refused_before_its_content_is_read(
    valid_archive: Path, assert_refused
):
    assert "--accept-foreign" in assert_refused(signed(members_of(valid_archive), version=2))


def test_archive_is_trusted_until_its_secret_is_removed(valid_archive: Path, settings):
    last, settings.TOKEN_MASTER_SECRET = settings.TOKEN_MASTER_SECRET, "another" * 10
    settings.TOKEN_MASTER_SECRET_PREVIOUS = last
    assert json.loads(
        run_command("import_tenant", str(valid_archive), "--as", "x9", "--dry-run", "--json")
    )["is_ours"]

    settings.TOKEN_MASTER_SECRET_PREVIOUS = ""
    with pytest.raises(CommandError, match="--accept-foreign"):
        run_command("import_tenant", str(valid_archive), "--as", "x9", "--dry-run")
    assert "0 missing" in run_command(
        "import_tenant", str(valid_archive), "--as", "x9", "--dry-run", "--accept-foreign"
    )


FORGERIES = {
    "version": {"version": 2},
    "format": {"format": "tar"},
    "tables": {"tables": []},
    "sequences": {"sequences": {}},
    "sequence name": {"sequences": {'x"; DROP SCHEMA public; --': [1, True]}},
    "migrations": {"migrations": []},
    "half of the migrations": {"migrations": [["files", "0001_initial"]]},
    "more objects": {"objects": {"count": 9, "bytes": 9, "size": 9, "sha256": "0" * 64}},
    "missing": {"missing": [{"name": "../../x", "reason": ""}]},
    "number": {"tenant": {"id": 7}},
    "deep": {"aggios": json.loads("[" * 900 + "]" * 900)},
}


@pytest.mark.parametrize("what", FORGERIES)
def test_false_manifest_is_refused_even_when_foreign_is_accepted(
    valid_archive: Path, assert_refused, what: str
):
    assert_refused(signed(members_of(valid_archive), **FORGERIES[what]), "--accept-foreign")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("pg_authid", ["rolname"]),
        ("accounts_user; DROP TABLE x", ["id"]),
        ("../x", ["id"]),
        ("zz_made_up", ["id"]),
    ],
)
def test_table_unknown_to_migrations_is_refused(
    valid_archive: Path, assert_refused, table: str, columns: list[str]
):
    members = members_of(valid_archive)
    tables = [*json.loads(members[MANIFEST])["tables"], part_of(table, b"1\n", columns, 1)]
    before = {n: d for n, d in members.items() if n < "u" and n.startswith(("archive", "tables"))}
    new = {**before, f"tables/{table}.copy": b"1\n", **members}

    assert_refused(signed(new, tables=tables), "--accept-foreign", "--dry-run")


@pytest.mark.parametrize(
    "line",
    [
        {"name": "../t_x/files/y", "size": 3, "sha256": "0" * 64},
        {"name": "files/../../x", "size": 3, "sha256": "0" * 64},
        {"name": "", "size": 3, "sha256": "0" * 64},
        {"name": "files/x", "size": -3, "sha256": "0" * 64},
        [],
    ],
)
def test_object_outside_the_tenants_prefix_is_refused(
    valid_archive: Path, assert_refused, line: Any
):
    members = members_of(valid_archive)
    text = json.dumps(line).encode() + b"\n"
    listed = {
        "count": 1,
        "bytes": 3,
        "size": len(text),
        "sha256": hashlib.sha256(text).hexdigest(),
    }

    assert "list of objects" in assert_refused(
        signed({**members, OBJECT_LIST: text}, objects=listed), "--accept-foreign"
    )


def test_file_that_is_no_archive_is_refused_in_one_line(assert_refused, tmp_path: Path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as other:
        other.addfile(tarfile.TarInfo("hello"))
    for text in (b"", b"hello", bytes(4096), buffer.getvalue()):
        assert_refused(text)
    with pytest.raises(CommandError, match="No such file"):
        run_command("import_tenant", str(tmp_path / "nowhere"), "--as", "never-made")
