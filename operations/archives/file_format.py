"""The bytes of an archive: a tar file with exactly one valid header for each member.

A header has a name and a size and nothing else: no owner, time, link or extension. So the same
content gives the same file.

The reader does not trust the file. Each header must be, byte for byte, the one that its name and
size give, and nothing may be between members. So no path, link, hole or false size can do harm.

The signature is HMAC-SHA256. Its key is derived from the master secret for this purpose only (HKDF,
RFC 5869): every process of the installation has the same key, and nothing else has it.
"""

import hashlib
import hmac
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from operations.errors import DamagedArchiveError

BLOCK = 512
END = bytes(2 * BLOCK)  # two empty blocks (POSIX.1-2017, pax, "ustar Interchange Format")
CHUNK = 1024 * 1024
FORMAT = "aggios-archive"
FORMAT_VERSION = 1
HEADER = "archive.json"
OBJECT_LIST = "objects.jsonl"
MANIFEST = "manifest.json"
SIGNATURE = "signature"
HEADER_TEXT = f'{{"format":"{FORMAT}","version":{FORMAT_VERSION}}}\n'.encode()
SIGNATURE_INFO = b"aggios:archive:v1"


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object named by rows of the tenant, with the size and digest in the row."""

    name: str
    size: int
    sha256: str


def header(name: str, size: int) -> bytes:
    """Return the header block of a member."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(format=tarfile.GNU_FORMAT, encoding="ascii")


def padding(size: int) -> bytes:
    """Return the bytes that fill a member's last block."""
    return bytes(-size % BLOCK)


def table_member(table: str) -> str:
    """Return the name of a table's member."""
    return f"tables/{table}.copy"


def object_member(number: int) -> str:
    """Return the member name of the object with this index in the object list."""
    return f"objects/{number:09d}"


@dataclass(frozen=True, slots=True)
class Member:
    """Position of a member's content in the file."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Position of the next header."""
        return self.start + self.size + len(padding(self.size))

    def require_name(self, name: str) -> "Member":
        """Return the member if it has this name. Raises: DamagedArchiveError."""
        if self.name != name:
            raise DamagedArchiveError(f"{name} is missing; {self.name[:80]!r} stands in its place.")
        return self


class MemberReader:
    """Reads members at any position; several readers may use one file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def member_at(self, position: int) -> Member:
        """Return the member whose header begins at a position. Raises: DamagedArchiveError."""
        block = self.read(position, BLOCK)
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            is_canonical = info.size >= 0 and header(info.name, info.size) == block
        except (tarfile.HeaderError, ValueError) as exc:
            raise DamagedArchiveError(f"There is no member at byte {position}.") from exc
        member = Member(info.name, position + BLOCK, info.size)
        if not is_canonical or member.end > self.size:
            raise DamagedArchiveError(f"The member at byte {position} is not one of an archive's.")
        fill = padding(info.size)
        if self.read(member.end - len(fill), len(fill)) != fill:
            raise DamagedArchiveError(f"Something stands between the members at byte {member.end}.")
        return member

    def read(self, position: int, count: int) -> bytes:
        """Return up to ``count`` bytes from a position."""
        return os.pread(self._descriptor, count, position)

    def read_small(self, member: Member, max_size: int) -> bytes:
        """Return the content of a small member. Raises: DamagedArchiveError for a larger one."""
        if member.size > max_size:
            raise DamagedArchiveError(f"{member.name} is larger than it can be.")
        return b"".join(self.chunks(member))

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield a member's bytes."""
        position, end = member.start, member.start + member.size
        while position < end:
            chunk = self.read(position, min(CHUNK, end - position))
            if not chunk:
                raise DamagedArchiveError(f"{member.name} ends too early.")
            position += len(chunk)
            yield chunk

    def verified_chunks(self, member: Member, sha256: str) -> Iterator[bytes]:
        """Yield a member's content and verify it.

        Raises: DamagedArchiveError at the end if the digest differs.
        """
        digest = hashlib.sha256()
        for chunk in self.chunks(member):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != sha256:
            raise DamagedArchiveError(f"{member.name} is not what was written.")

    def sha256(self) -> str:
        """Return the SHA-256 of the whole file."""
        digest = hashlib.sha256()
        for chunk in self.chunks(Member("the file", 0, self.size)):
            digest.update(chunk)
        return digest.hexdigest()


def sign_manifest(manifest: bytes) -> str:
    """Return the signature of a manifest, as hex."""
    return _signature(settings.TOKEN_MASTER_SECRET, manifest)


def is_signed_here(manifest: bytes, signature: str) -> bool:
    """Tell whether this installation signed the manifest.

    The current and the previous master secret are accepted.
    """
    secrets = (settings.TOKEN_MASTER_SECRET, settings.TOKEN_MASTER_SECRET_PREVIOUS)
    return any(
        hmac.compare_digest(_signature(secret, manifest).encode(), signature.encode())
        for secret in secrets
        if secret
    )


def _signature(secret: str, manifest: bytes) -> str:
    key = HKDF(SHA256(), length=32, salt=None, info=SIGNATURE_INFO).derive(secret.encode())
    return hmac.new(key, manifest, "sha256").hexdigest()
