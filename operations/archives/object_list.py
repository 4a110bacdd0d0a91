"""The objects of a tenant: which of them its rows name, and the list of them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from psycopg import sql

from operations.archives.file_format import Wanted
from operations.archives.manifest import OBJECT, SHA256
from operations.archives.snapshot import Snapshot
from operations.errors import Damaged

Progress = Callable[[int], None]
# Every table whose rows stand for objects: the columns of name, size and SHA-256.
REFERENCES = {"files_fileversion": ("object_name", "size", "sha256")}
LONGEST_LINE = 1000


def wanted_by(snapshot: Snapshot) -> Iterator[Wanted]:
    """Yield the objects that the rows name, sorted by name, each once."""
    there = {table.name for table in snapshot.tables()}
    parts = [
        sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(snapshot.schema, table),
        )
        for table, columns in REFERENCES.items()
        if table in there
    ]
    if not parts:
        return
    with snapshot.session.cursor(name="wanted") as cursor:
        query = 'SELECT * FROM ({}) AS found (name, size, sha256) ORDER BY name COLLATE "C"'
        cursor.execute(sql.SQL(query).format(sql.SQL(" UNION ").join(parts)))
        for name, size, sha256 in cursor:
            yield Wanted(name, size, sha256)


def line_of(wanted: Wanted) -> bytes:
    """Return an object's line in the list of objects."""
    return (json.dumps(asdict(wanted), sort_keys=True) + "\n").encode()


def wanted_of(line: bytes) -> Wanted:
    """Return what a line of a list says. Raises Damaged for what is no such line."""
    try:
        found = json.loads(line)
        name, size, sha256 = found["name"], found["size"], found["sha256"]
        if OBJECT.fullmatch(name) and SHA256.fullmatch(sha256) and type(size) is int and size >= 0:
            return Wanted(name, size, sha256)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise Damaged("The list of objects has a line that says nothing.")


def key_under(prefix: str, name: str) -> str:
    """Return the key of an object of the tenant with this prefix."""
    if not OBJECT.fullmatch(name) or not prefix.strip("/"):
        raise ValueError(f"{name!r} is not the name of an object.")
    return f"{prefix}/{name}"


def ticking(chunks: Iterator[bytes], tick: Progress) -> Iterator[bytes]:
    """Yield the chunks and tell of each."""
    for chunk in chunks:
        tick(len(chunk))
        yield chunk


def fault_of(chunks: Iterator[bytes], wanted: Wanted) -> str:
    """Read an object to its end; return what is wrong with it, or nothing."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        digest.update(chunk)
    return difference(wanted, size, digest.hexdigest())


def difference(wanted: Wanted, size: int, sha256: str) -> str:
    """Return how an object differs from what its row says, or nothing."""
    if size != wanted.size:
        return f"it has {size} bytes and should have {wanted.size}"
    return "" if sha256 == wanted.sha256 else "its SHA-256 is not what its row says"
