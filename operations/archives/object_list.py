"""Objects of a tenant: references in its rows, and the object list of an archive."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from psycopg import sql

from operations.archives.file_format import ObjectReference
from operations.archives.manifest import OBJECT_NAME_PATTERN, SHA256_PATTERN
from operations.archives.snapshot import Snapshot
from operations.errors import DamagedArchiveError

ProgressCallback = Callable[[int], None]
# Tables whose rows name objects: their columns for name, size and SHA-256.
REFERENCE_COLUMNS = {"files_fileversion": ("object_name", "size", "sha256")}
MAX_LINE_BYTES = 1000


def referenced_objects(snapshot: Snapshot) -> Iterator[ObjectReference]:
    """Yield the objects that rows name, sorted by name, each once."""
    existing = {table.name for table in snapshot.tables()}
    parts = [
        sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(snapshot.schema, table),
        )
        for table, columns in REFERENCE_COLUMNS.items()
        if table in existing
    ]
    if not parts:
        return
    with snapshot.session.cursor(name="wanted") as cursor:
        query = 'SELECT * FROM ({}) AS objects (name, size, sha256) ORDER BY name COLLATE "C"'
        cursor.execute(sql.SQL(query).format(sql.SQL(" UNION ").join(parts)))
        for name, size, sha256 in cursor:
            yield ObjectReference(name, size, sha256)


def encode_line(reference: ObjectReference) -> bytes:
    """Return the line of an object in the object list."""
    return (json.dumps(asdict(reference), sort_keys=True) + "\n").encode()


def parse_line(line: bytes) -> ObjectReference:
    """Return the object of a line. Raises: DamagedArchiveError for an invalid line."""
    try:
        document = json.loads(line)
        name, size, sha256 = document["name"], document["size"], document["sha256"]
        if (
            OBJECT_NAME_PATTERN.fullmatch(name)
            and SHA256_PATTERN.fullmatch(sha256)
            and type(size) is int
            and size >= 0
        ):
            return ObjectReference(name, size, sha256)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise DamagedArchiveError("The list of objects has a line that says nothing.")


def object_key(prefix: str, name: str) -> str:
    """Return the key of an object below a tenant's prefix."""
    if not OBJECT_NAME_PATTERN.fullmatch(name) or not prefix.strip("/"):
        raise ValueError(f"{name!r} is not the name of an object.")
    return f"{prefix}/{name}"


def count_progress(chunks: Iterator[bytes], tick: ProgressCallback) -> Iterator[bytes]:
    """Yield the chunks and report the size of each."""
    for chunk in chunks:
        tick(len(chunk))
        yield chunk


def content_mismatch(chunks: Iterator[bytes], reference: ObjectReference) -> str:
    """Read an object to its end; return how it differs from its row, or an empty text."""
    size, digest = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        digest.update(chunk)
    return mismatch(reference, size, digest.hexdigest())


def mismatch(reference: ObjectReference, size: int, sha256: str) -> str:
    """Return how an object differs from its row, or an empty text."""
    if size != reference.size:
        return f"it has {size} bytes and should have {reference.size}"
    return "" if sha256 == reference.sha256 else "its SHA-256 is not what its row says"
