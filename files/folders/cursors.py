"""Cursors of a folder's pages: subfolders first, then files, each behind the last one shown."""

from dataclasses import dataclass
from typing import Any

from core.api.pagination import decode_cursor, encode_cursor, read_column_value
from core.problems import InvalidCursor, ValidationFailed
from files.folders.paths import validate_folder
from files.models import File


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """A position: behind the subfolder ``folder``, or behind the file with ``value`` and ``id``.

    Without either, it is the beginning of the files.
    """

    ordering: str
    folder: str = ""
    value: Any = None
    id: Any = None

    def encoded(self) -> str:
        """Return the cursor as text."""
        return encode_cursor([self.ordering, self.folder, self.value, self.id])


def read_cursor(text: str, ordering: str) -> FolderCursor | None:
    """Return the cursor of a client; None for the first page. Raises: InvalidCursor."""
    if not text:
        return None
    with decode_cursor(text) as (cursor_ordering, folder, value, key):
        column = File._meta.get_field(ordering.removeprefix("-"))
        cursor = FolderCursor(
            str(cursor_ordering),
            _read_folder(str(folder)),
            None if value is None else read_column_value(column, value),
            None if key is None else File._meta.pk.to_python(key),
        )
    if cursor.ordering != ordering or (cursor.value is None) != (cursor.id is None):
        raise InvalidCursor
    return cursor


def _read_folder(text: str) -> str:
    try:
        return validate_folder(text, field="cursor")
    except ValidationFailed as exc:
        raise InvalidCursor from exc
