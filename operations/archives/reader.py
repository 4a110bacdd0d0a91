"""Reads and verifies an archive before any part of it is used.

``open_archive`` finds the parts, checks the signature and reads every byte (file_format.py checks
each header). Each part is verified again when it is used, so a file that changes in between is
detected.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operations.archives import file_format
from operations.archives.file_format import (
    BLOCK,
    Member,
    MemberReader,
    ObjectReference,
    is_signed_here,
)
from operations.archives.manifest import Manifest, TablePart, parse_manifest
from operations.archives.object_list import MAX_LINE_BYTES, ProgressCallback, mismatch, parse_line
from operations.errors import DamagedArchiveError, IncompatibleError, UntrustedArchiveError

MAX_MANIFEST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Archive:
    """An archive with the positions of its parts."""

    file: MemberReader
    manifest: Manifest
    digest: str  # SHA-256 of the manifest, which holds those of all parts
    is_ours: bool
    tables: dict[str, Member]
    object_list: Member
    last: Member  # the manifest's member, which follows the objects
    sha256: str = ""  # of the whole file

    def text(self, part: TablePart) -> Iterator[bytes]:
        """Yield a table's text. Raises: DamagedArchiveError at its end if the digest differs."""
        return self.file.verified_chunks(self.tables[part.name], part.sha256)

    def objects(self) -> Iterator[tuple[ObjectReference, Iterator[bytes]]]:
        """Yield each object in the archive with its content, which may be left unread."""
        missing = {missing.name for missing in self.manifest.missing}
        position = self.object_list.end
        for number, wanted in enumerate(self.wanted()):
            if wanted.name in missing:
                continue
            member = self.file.member_at(position).require_name(file_format.object_member(number))
            if problem := mismatch(wanted, member.size, wanted.sha256):
                raise DamagedArchiveError(f"Object {wanted.name}: {problem}.")
            yield wanted, self.file.verified_chunks(member, wanted.sha256)
            position = member.end
        if position != self.last.start - BLOCK:
            raise DamagedArchiveError("There are objects that the list does not name.")

    def wanted(self) -> Iterator[ObjectReference]:
        """Yield the objects that rows of the tenant name, sorted."""
        return read_object_list(self.file, self.object_list)


def read_object_list(file: MemberReader, member: Member) -> Iterator[ObjectReference]:
    """Yield the entries of an object list. They must be sorted and unique.

    Raises: DamagedArchiveError.
    """
    rest, previous = b"", ""
    for chunk in file.chunks(member):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            break
        for line in lines:
            wanted = parse_line(line)
            if wanted.name <= previous:
                raise DamagedArchiveError("The list of objects is not in order.")
            previous = wanted.name
            yield wanted
    if rest:
        raise DamagedArchiveError("The list of objects does not end as it should.")


@contextmanager
def open_archive(
    path: Path, *, accept_foreign: bool = False, tick: ProgressCallback = lambda count: None
) -> Iterator[Archive]:
    """Verify a whole archive and return it; ``tick`` receives the number of bytes read.

    Raises: DamagedArchiveError, IncompatibleError, UntrustedArchiveError (unless accepted),
    OSError.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        archive = _index(MemberReader(descriptor), accept_foreign)
        _verify_content(archive, tick)
        yield archive
    finally:
        os.close(descriptor)


def _index(file: MemberReader, accept_foreign: bool) -> Archive:
    """Find the parts by their headers, in the only valid order.

    A manifest with an unknown signature is not parsed unless such archives are accepted.
    """
    first = file.member_at(0).require_name(file_format.HEADER)
    if file.read_small(first, BLOCK) != file_format.HEADER_TEXT:
        raise IncompatibleError(
            "This is no archive of a tenant, or of a version that is not read here."
        )
    tables, member = _index_tables(file, file.member_at(first.end))
    object_list = member.require_name(file_format.OBJECT_LIST)
    member = file.member_at(object_list.end)
    while member.name.startswith("objects/"):
        member = file.member_at(member.end)
    text = file.read_small(member.require_name(file_format.MANIFEST), MAX_MANIFEST_BYTES)
    digest, signed_here = _check_signature(
        file, file.member_at(member.end).require_name(file_format.SIGNATURE), text
    )
    if not (signed_here or accept_foreign):
        raise UntrustedArchiveError(
            "No key of this installation signed the archive. If you know where it comes from, "
            "give --accept-foreign."
        )
    return Archive(file, parse_manifest(text), digest, signed_here, tables, object_list, member)


def _index_tables(file: MemberReader, member: Member) -> tuple[dict[str, Member], Member]:
    found: dict[str, Member] = {}
    while member.name.startswith("tables/"):
        name = member.name.removeprefix("tables/").removesuffix(".copy")
        if name in found or file_format.table_member(name) != member.name:
            raise DamagedArchiveError(f"{member.name} has no place here.")
        found[name] = member
        member = file.member_at(member.end)
    return found, member


def _check_signature(file: MemberReader, member: Member, manifest: bytes) -> tuple[str, bool]:
    """Return the digest of the manifest and whether this installation signed it.

    Raises: DamagedArchiveError.
    """
    if file.read(member.end, len(file_format.END) + 1) != file_format.END:
        raise DamagedArchiveError(
            "Something follows the end of the archive, or the end is missing."
        )
    given_digest, _, signature = (
        file.read_small(member, BLOCK).decode("latin-1").strip().partition("\n")
    )
    digest = hashlib.sha256(manifest).hexdigest()
    if given_digest != digest:
        raise DamagedArchiveError("The manifest is not what was written.")
    return digest, is_signed_here(manifest, signature)


def _verify_content(archive: Archive, tick: ProgressCallback) -> None:
    """Read every byte: verify each part, then compute the digest of the whole file."""
    parts, listed = archive.manifest.tables, archive.manifest.objects
    if [part.name for part in parts] != list(archive.tables):
        raise DamagedArchiveError("The tables are not those of the manifest.")
    for part in parts:
        _read_to_end(archive.text(part), part.size, tick)
    _read_to_end(
        archive.file.verified_chunks(archive.object_list, listed.sha256), listed.size, tick
    )
    count = total = 0
    for wanted in archive.wanted():
        count, total = count + 1, total + wanted.size
    if (count, total) != (listed.count, listed.bytes):
        raise DamagedArchiveError("The objects are not those of the manifest.")
    for wanted, chunks in archive.objects():
        _read_to_end(chunks, wanted.size, tick)
    archive.sha256 = archive.file.sha256()


def _read_to_end(chunks: Iterator[bytes], size: int, tick: ProgressCallback) -> None:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        tick(len(chunk))
    if read != size:
        raise DamagedArchiveError("A part has not the size that the manifest says.")
