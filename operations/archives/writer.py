"""Appends members of unknown size to an archive; the journal makes an export resumable."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from operations.archives.file_format import BLOCK, header, padding
from operations.errors import ArchiveError

JOURNAL_INTERVAL_SECONDS = 1.0


class MemberWriter:
    """A file that members are appended to."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def add(self, name: str, chunks: Iterator[bytes]) -> tuple[int, str]:
        """Write a member; return its size and SHA-256. The header is written last."""
        start, size, digest = self.file.tell(), 0, hashlib.sha256()
        self.file.write(bytes(BLOCK))
        for chunk in chunks:
            self.file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        self.file.write(padding(size))
        end = self.file.tell()
        self.file.seek(start)
        self.file.write(header(name, size))
        self.file.seek(end)
        return size, digest.hexdigest()

    def truncate_to(self, position: int) -> None:
        """Remove everything after a position."""
        self.file.seek(position)
        self.file.truncate()


class Journal:
    """Progress of an export: one line for the database, then one per group of objects.

    A line is written after its data is on disk. The last complete line is valid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = time.monotonic()

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of an interrupted run, without an incomplete last one."""
        if not self._path.exists():
            return []
        whole = self._path.read_bytes().rpartition(b"\n")[0]
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as exc:
            raise ArchiveError(f"{self._path} cannot be read; start without --resume.") from exc

    def begin(self, file: IO[bytes], line: dict[str, Any]) -> None:
        """Start a new journal with the line of the database."""
        self._path.unlink(missing_ok=True)
        self.add(file, line)

    def add(self, file: IO[bytes], line: dict[str, Any]) -> None:
        """Flush the file to disk, then write the line."""
        file.flush()
        os.fsync(file.fileno())
        opened = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(opened, "ab") as out:
            out.write((json.dumps(line) + "\n").encode())
            out.flush()
            os.fsync(out.fileno())
        self._written = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether it is time for another line; each costs a sync."""
        return time.monotonic() - self._written >= JOURNAL_INTERVAL_SECONDS

    def remove(self) -> None:
        """Delete the journal of a finished export."""
        self._path.unlink(missing_ok=True)


@contextmanager
def open_exclusive(path: Path) -> Iterator[IO[bytes]]:
    """Open or create a file with mode 0600 for one process.

    Raises: ArchiveError while another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ArchiveError(f"{path} is being written by another run.") from exc
        os.fchmod(descriptor, 0o600)
        yield file


def rename_durably(partial: Path, path: Path) -> None:
    """Rename a finished file and sync its folder, so that a crash cannot undo it."""
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
