"""Downloads of many files as one ZIP, streamed in constant memory.

Members are stored without compression: nothing is computed twice, and the size of the ZIP is known
before its first byte. A response with that ``Content-Length`` cannot be taken for complete when a
file could not be read to its end.
"""

import uuid
from collections.abc import Iterator, Sequence

from botocore.exceptions import ClientError
from django.conf import settings
from django.db import transaction
from zipstream import ZipStream

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import record_many
from core.problems import FieldError, NotFound, StorageUnavailable, ValidationFailed
from files.archive_names import member_names
from files.downloads import CHUNK_BYTES
from files.filenames import content_disposition
from files.models import File, FileVersion
from files.problems import ArchiveTooLarge
from files.queries import readable_files
from files.services import file_target
from files.storage.bucket import NO_SUCH_KEY
from files.storage.client import error_code, translate_storage_errors
from files.storage.configured import tenant_storage
from files.storage.reading import ObjectReader

ARCHIVE_NAME = "files.zip"


class Archive:
    """The content of a ZIP of files: an iterable of bytes, with its ``size``.

    Closing it returns the store's connection. Raises: StorageUnavailable, NotFound (if the first
    file was purged); both also during the iteration.
    """

    def __init__(self, files: Sequence[File], *, base: str = "") -> None:
        self._reader: ObjectReader | None = None
        self._zip = ZipStream(sized=True)
        names = member_names((file.name for file in files), base=base)
        for file, name in zip(files, names, strict=True):
            self._zip.add(self._content(file.current), name, size=file.current.size)
        self.size = len(self._zip)
        # The first object is opened before the response begins, so that it can be an error.
        self._open(files[0].current)

    def __iter__(self) -> Iterator[bytes]:
        with translate_storage_errors():
            yield from self._zip

    def close(self) -> None:
        """Return the store's connection, whether or not the content was read to its end."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def headers(self, name: str = ARCHIVE_NAME) -> dict[str, str]:
        """Return the headers of a response that is saved as ``name``."""
        return {
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition(name),
            "Content-Length": str(self.size),
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }

    def _content(self, version: FileVersion) -> Iterator[bytes]:
        """Yield the content of a version. It is opened when the ZIP has reached it."""
        reader = self._reader or self._open(version)
        yield from reader.chunks(CHUNK_BYTES)
        self.close()

    def _open(self, version: FileVersion) -> ObjectReader:
        with translate_storage_errors():
            try:
                reader = ObjectReader(tenant_storage().key_of(version.object_name))
            except ClientError as exc:
                if error_code(exc) == NO_SUCH_KEY:
                    raise NotFound from exc
                raise
        self._reader = reader
        if reader.size != version.size:
            self.close()
            raise StorageUnavailable
        return reader


def open_archive(file_ids: Sequence[uuid.UUID], *, user: User, base: str = "") -> Archive:
    """Return a ZIP of the current versions of files, and write an audit event for each file.

    ``base`` is the folder ("reports/") that the names of the members are relative to. Raises:
    ValidationFailed (without files), NotFound (naming the files that the user may not read),
    ArchiveTooLarge, StorageUnavailable.
    """
    wanted = list(dict.fromkeys(file_ids))
    if not wanted:
        raise ValidationFailed(errors=[FieldError("files", "required", "Choose a file.")])
    _require_within(len(wanted), 0)
    with transaction.atomic():
        files = _readable_files(wanted, user)
        _require_within(len(files), sum(file.current.size for file in files))
        archive = Archive(files, base=base)
        record_many(
            "file.downloaded",
            actor=user_actor(user),
            events=[
                (file_target(file), {"version": file.current.number, "by": "archive"})
                for file in files
            ],
        )
    return archive


def _readable_files(wanted: Sequence[uuid.UUID], user: User) -> list[File]:
    """Return the files in the order of their ids. Raises: NotFound."""
    found = readable_files(user).in_bulk(wanted)
    missing = [
        FieldError(f"files.{index}", "not_found", "There is no such file.")
        for index, file_id in enumerate(wanted)
        if file_id not in found
    ]
    if missing:
        raise NotFound(errors=missing)
    return [found[file_id] for file_id in wanted]


def _require_within(count: int, size: int) -> None:
    if count > settings.ARCHIVE_MAX_FILES or size > settings.ARCHIVE_MAX_BYTES:
        limit = {"files": settings.ARCHIVE_MAX_FILES, "bytes": settings.ARCHIVE_MAX_BYTES}
        raise ArchiveTooLarge(members={"limit": limit})
