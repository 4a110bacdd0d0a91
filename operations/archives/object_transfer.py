"""Transfers objects of a tenant: from an archive, or from another tenant's prefix."""

from collections.abc import Collection, Iterator

from boto3.s3.transfer import TransferConfig
from django.conf import settings
from psycopg import sql

from files.problems import FileTooLarge
from files.storage.bucket import head_object, object_location
from files.storage.client import client, translate_storage_errors
from files.storage.deletion import abort_multiparts, delete_all_except
from files.storage.reading import read_object
from files.storage.writer import OBJECT_HEADERS, ObjectWriter
from operations.archives.file_format import ObjectReference
from operations.archives.object_list import (
    REFERENCE_COLUMNS,
    ProgressCallback,
    content_mismatch,
    count_progress,
    object_key,
)
from operations.archives.reader import Archive
from operations.archives.snapshot import list_tables
from operations.errors import ArchiveError, MissingObjectError
from operations.owner_session import owner_session

# One request copies up to 5 GiB (Amazon S3 API, "CopyObject"); larger objects are copied in parts.
COPY_CONFIG = TransferConfig(multipart_threshold=5 * 1024**3, use_threads=False)


def upload_objects(archive: Archive, prefix: str, tick: ProgressCallback) -> int:
    """Store objects that are missing or differ; return the number of uploaded ones. Repeatable.

    Raises: DamagedArchiveError, StorageUnavailable, ArchiveError for an object larger than listed.
    """
    abort_multiparts(prefix)
    sent = 0
    for reference, chunks in archive.objects():
        if is_stored(prefix, reference):
            tick(reference.size)
            continue
        _upload_object(
            object_key(prefix, reference.name), reference.size, count_progress(chunks, tick)
        )
        sent += 1
    return sent


def is_stored(prefix: str, reference: ObjectReference) -> bool:
    """Compare an object with the stored one, byte by byte. Raises: StorageUnavailable."""
    chunks = read_object(object_key(prefix, reference.name))
    return chunks is not None and not content_mismatch(chunks, reference)


def _upload_object(key: str, size: int, chunks: Iterator[bytes]) -> None:
    """Store an object; it becomes visible after its last byte was verified."""
    writer = ObjectWriter(key, lambda multipart_id: None, max_bytes=size)
    try:
        for chunk in chunks:
            writer.write(chunk)
        writer.finish()
    except FileTooLarge as exc:
        raise ArchiveError(f"An object is larger than the archive says. {exc}") from exc
    finally:
        writer.stop()


def copy_objects(
    objects: Iterator[ObjectReference],
    source: str,
    target: str,
    *,
    allow_missing: bool,
    tick: ProgressCallback,
) -> list[str]:
    """Copy objects inside the store; return the names of missing ones. Repeatable.

    Raises: MissingObjectError (unless ``allow_missing``), StorageUnavailable.
    """
    missing = []
    for reference in objects:
        if _stored_size(target, reference) != reference.size and not _copy_object(
            reference, source, target
        ):
            if not allow_missing:
                raise MissingObjectError(
                    f"The store does not have object {reference.name} as it should be."
                )
            missing.append(reference.name)
        tick(reference.size)
    return missing


def _copy_object(reference: ObjectReference, source: str, target: str) -> bool:
    if _stored_size(source, reference) != reference.size:
        return False
    with translate_storage_errors():
        client().copy(
            object_location(object_key(source, reference.name)),
            settings.S3_BUCKET,
            object_key(target, reference.name),
            ExtraArgs={**OBJECT_HEADERS, "MetadataDirective": "REPLACE"},
            Config=COPY_CONFIG,
        )
    return True


def _stored_size(prefix: str, reference: ObjectReference) -> int | None:
    """Return an object's size, or None if the store does not have it."""
    found = head_object(object_key(prefix, reference.name))
    return None if found is None else int(found["ContentLength"])


def remove_unreferenced(schema: str, prefix: str, kept: Collection[str] = ()) -> int:
    """Delete objects that neither a row nor ``kept`` names; return their number.

    Raises: StorageUnavailable.
    """
    with owner_session() as session:
        existing = {table.name for table in list_tables(session, schema)} & set(REFERENCE_COLUMNS)

        def referenced(keys: list[str]) -> set[str]:
            names = [key.removeprefix(f"{prefix}/") for key in keys]
            found = {f"{prefix}/{name}" for name in kept}
            for table in sorted(existing):
                query = sql.SQL("SELECT {0} FROM {1} WHERE {0} = ANY(%s)").format(
                    sql.Identifier(REFERENCE_COLUMNS[table][0]), sql.Identifier(schema, table)
                )
                found |= {f"{prefix}/{name}" for (name,) in session.execute(query, [names])}
            return found & set(keys)

        return delete_all_except(prefix, referenced)
