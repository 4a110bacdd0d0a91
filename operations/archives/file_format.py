"""The bytes of an archive: a plain tar whose every header can be foretold.

A header says a name and a size and nothing else: no owner, no time, no link, no extension. So the
same content makes the same file, and a reader can hold each header against the only right one.
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
    """An object that the tenant's rows name, as they describe it."""

    name: str
    size: int
    sha256: str


def header(name: str, size: int) -> bytes:
    """Return the header block of a member."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(format=tarfile.GNU_FORMAT, encoding="ascii")


def padding(size: int) -> bytes:
    """Return what fills a member's last block."""
    return bytes(-size % BLOCK)


def table_member(table: str) -> str:
    """Return the name of a table's member."""
    return f"tables/{table}.copy"


def object_member(number: int) -> str:
    """Return the name of the member of the object in the given place of the list, from 0."""
    return f"objects/{number:09d}"


# Finding the members of a file that anybody may have made.
#
# The layout leaves no choice: each header must be, byte for byte, the one that its name and size
# make, and nothing may stand between members. So there is no path, link, hole or promise of a size
# to be careless with.
@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's bytes are."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next header begins."""
        return self.start + self.size + len(padding(self.size))

    def called(self, name: str) -> "Member":
        """Return the member if that is its name. Raises Damaged."""
        if self.name != name:
            raise DamagedArchiveError(f"{name} is missing; {self.name[:80]!r} stands in its place.")
        return self


class MemberReader:
    """A file that members are read from, at any place and by several readers at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def at(self, position: int) -> Member:
        """Return the member whose header begins at a position. Raises Damaged."""
        block = self.read(position, BLOCK)
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            is_exact = info.size >= 0 and header(info.name, info.size) == block
        except (tarfile.HeaderError, ValueError) as exc:
            raise DamagedArchiveError(f"There is no member at byte {position}.") from exc
        member = Member(info.name, position + BLOCK, info.size)
        if not is_exact or member.end > self.size:
            raise DamagedArchiveError(f"The member at byte {position} is not one of an archive's.")
        fill = padding(info.size)
        if self.read(member.end - len(fill), len(fill)) != fill:
            raise DamagedArchiveError(f"Something stands between the members at byte {member.end}.")
        return member

    def read(self, position: int, count: int) -> bytes:
        """Return up to ``count`` bytes from a position."""
        return os.pread(self._descriptor, count, position)

    def whole(self, member: Member, most: int) -> bytes:
        """Return a small member. Raises Damaged for a large one."""
        if member.size > most:
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

    def checked(self, member: Member, sha256: str) -> Iterator[bytes]:
        """Yield a member's bytes; raise Damaged at the end if they are not what they were."""
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


# Telling our own archives from others: HMAC-SHA256 with a key that signs nothing else.
#
# The key is derived (HKDF, RFC 5869) from the master secret for this purpose alone, so it is the
# same for every process of the installation, and no other has it.


def sign_manifest(manifest: bytes) -> str:
    """Return the signature of a manifest, as hex."""
    return _signature(settings.TOKEN_MASTER_SECRET, manifest)


def is_signed_here(manifest: bytes, signature: str) -> bool:
    """Whether this installation signed the manifest, with the master secret of now or before."""
    secrets = (settings.TOKEN_MASTER_SECRET, settings.TOKEN_MASTER_SECRET_PREVIOUS)
    return any(
        hmac.compare_digest(_signature(secret, manifest).encode(), signature.encode())
        for secret in secrets
        if secret
    )


def _signature(secret: str, manifest: bytes) -> str:
    key = HKDF(SHA256(), length=32, salt=None, info=SIGNATURE_INFO).derive(secret.encode())
    return hmac.new(key, manifest, "sha256").hexdigest()
