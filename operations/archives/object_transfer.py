"""Putting a tenant's objects where they belong: out of an archive, or beside another tenant's."""

from collections.abc import Iterator

from boto3.s3.transfer import TransferConfig
from django.conf import settings
from psycopg import sql

from files.problems import FileTooLarge
from files.storage.bucket import chunks_of, head, place_of
from files.storage.client import answering, client
from files.storage.deletion import abort_unfinished, purge_all_but
from files.storage.writer import STORED_AS, ObjectWriter
from operations.archives.file_format import Wanted
from operations.archives.object_list import REFERENCES, Progress, fault_of, key_under, ticking
from operations.archives.reader import Archive
from operations.archives.snapshot import tables_of
from operations.errors import ArchiveError, Incomplete
from operations.owner_session import owner_session

# One request copies up to 5 GiB (Amazon S3 API, "CopyObject"); beyond that it is done in parts.
WHOLE_COPY = TransferConfig(multipart_threshold=5 * 1024**3, use_threads=False)


def upload_objects(archive: Archive, prefix: str, tick: Progress) -> int:
    """Store what is missing or different; return how many objects were sent.

    Can be cut off and repeated. Raises Damaged, StorageUnavailable, and ArchiveError for an object
    larger than its line says.
    """
    abort_unfinished(prefix)
    sent = 0
    for wanted, chunks in archive.objects():
        if is_stored(prefix, wanted):
            tick(wanted.size)
            continue
        _upload(key_under(prefix, wanted.name), wanted.size, ticking(chunks, tick))
        sent += 1
    return sent


def is_stored(prefix: str, wanted: Wanted) -> bool:
    """Whether the store has an object, byte for byte: it is read. Raises StorageUnavailable."""
    chunks = chunks_of(key_under(prefix, wanted.name))
    return chunks is not None and not fault_of(chunks, wanted)


def _upload(key: str, size: int, chunks: Iterator[bytes]) -> None:
    """Store an object; nobody sees it before its last byte has been checked."""
    writer = ObjectWriter(key, lambda multipart_id: None, most=size)
    try:
        for chunk in chunks:
            writer.write(chunk)
        writer.finish()
    except FileTooLarge as exc:
        raise ArchiveError(f"An object is larger than the archive says. {exc}") from exc
    finally:
        writer.stop()


def copy_objects(
    objects: Iterator[Wanted], source: str, target: str, *, allow_missing: bool, tick: Progress
) -> list[str]:
    """Copy objects inside the store; return the names of those that are not there.

    Can be cut off and repeated. Raises Incomplete unless ``allow_missing``, StorageUnavailable.
    """
    missing = []
    for wanted in objects:
        if _size(target, wanted) != wanted.size and not _copied(wanted, source, target):
            if not allow_missing:
                raise Incomplete(f"The store does not have object {wanted.name} as it should be.")
            missing.append(wanted.name)
        tick(wanted.size)
    return missing


def _copied(wanted: Wanted, source: str, target: str) -> bool:
    if _size(source, wanted) != wanted.size:
        return False
    with answering():
        client().copy(
            place_of(key_under(source, wanted.name)),
            settings.S3_BUCKET,
            key_under(target, wanted.name),
            ExtraArgs={**STORED_AS, "MetadataDirective": "REPLACE"},
            Config=WHOLE_COPY,
        )
    return True


def _size(prefix: str, wanted: Wanted) -> int | None:
    """Return an object's size, None if the store does not have it."""
    found = head(key_under(prefix, wanted.name))
    return None if found is None else int(found["ContentLength"])


def remove_unreferenced(schema: str, prefix: str) -> int:
    """Delete the objects that no row names; return how many. Raises StorageUnavailable."""
    with owner_session() as session:
        there = {table.name for table in tables_of(session, schema)} & set(REFERENCES)

        def referenced(keys: list[str]) -> set[str]:
            names = [key.removeprefix(f"{prefix}/") for key in keys]
            found = set()
            for table in sorted(there):
                query = sql.SQL("SELECT {0} FROM {1} WHERE {0} = ANY(%s)").format(
                    sql.Identifier(REFERENCES[table][0]), sql.Identifier(schema, table)
                )
                found |= {f"{prefix}/{name}" for (name,) in session.execute(query, [names])}
            return found

        return purge_all_but(prefix, referenced)
