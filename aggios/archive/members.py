"""Finding the members of a file that anybody may have made.

The layout leaves no choice: each header must be, byte for byte, the one that its name and size
make, and nothing may stand between members. So there is no path, link, hole or promise of a size to
be careless with.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from operations.archives.file_format import BLOCK, CHUNK, header, padding
from operations.errors import DamagedArchiveError


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
