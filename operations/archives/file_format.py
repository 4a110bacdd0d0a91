"""The bytes of an archive: a plain tar whose every header can be foretold.

A header says a name and a size and nothing else: no owner, no time, no link, no extension. So the
same content makes the same file, and a reader can hold each header against the only right one.
"""

import tarfile
from dataclasses import dataclass

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
