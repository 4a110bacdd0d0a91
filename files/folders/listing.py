"""One page of a folder: its subfolders, then its files; or what a search finds below it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from accounts.models import User
from core.api.filters import validate_ordering
from files.folders.cursors import FolderCursor, read_cursor
from files.folders.expressions import FolderOf
from files.folders.kinds import of_kind
from files.folders.paths import validate_folder, within
from files.folders.subfolders import Subfolder, find_subfolders
from files.models import File
from files.queries import ORDERINGS, find_files

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
# What changes no value of a column when it is added.
NEUTRAL: dict[str, int | timedelta] = {"size": 0, "created_at": timedelta(0)}


@dataclass(frozen=True, slots=True)
class FolderPage:
    """A page of a folder. ``next_cursor`` is empty on the last page."""

    folder: str
    folders: list[Subfolder] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    next_cursor: str = ""

    @property
    def parents(self) -> list[tuple[str, str]]:
        """The path and the name of each folder from the top down to this one."""
        names = self.folder.split("/")[:-1]
        return [("/".join([*names[: depth + 1], ""]), name) for depth, name in enumerate(names)]


def list_folder(
    user: User,
    folder: str = "",
    *,
    search: str = "",
    kind: str = "",
    owner: uuid.UUID | None = None,
    added_after: datetime | None = None,
    sort: str = "name",
    cursor: str = "",
    page_size: int = DEFAULT_PAGE_SIZE,
) -> FolderPage:
    """Return a page of the files that the user may read, in at most two queries.

    Without a filter: the subfolders by name, then the files that are directly in the folder. With
    ``search``, ``kind``, ``owner`` or ``added_after``: the matching files at any depth, without
    folders. ``sort`` is one of ORDERINGS, with ``-`` in front for descending. A folder without
    files is empty, not an error.
    Raises: ValidationFailed (folder, search, kind, ordering), InvalidCursor.
    """
    place = validate_folder(folder, field="folder")
    ordering = validate_ordering(sort or "name", ORDERINGS)
    position = read_cursor(cursor, ordering)
    size = min(max(page_size, 1), MAX_PAGE_SIZE)
    files = find_files(user, search=search)
    if search or kind or owner or added_after:
        matching = files.filter(within(place), _conditions(kind, owner, added_after))
        keyed = matching.alias(key=F(ordering.removeprefix("-")))
        return _page(place, [], keyed, position or FolderCursor(ordering), size)
    folders = _subfolders(user, place, ordering, position, size)
    if len(folders) > size:
        shown = folders[:size]
        return FolderPage(place, shown, [], FolderCursor(ordering, shown[-1].path).encoded())
    direct = files.alias(folder=FolderOf("name"), key=_folder_key(ordering)).filter(folder=place)
    if position is None or position.folder:
        position = FolderCursor(ordering)
    return _page(place, folders, direct, position, size)


def _conditions(kind: str, owner: uuid.UUID | None, added_after: datetime | None) -> Q:
    found = of_kind(kind) if kind else Q()
    if owner:
        found &= Q(owner=owner)
    return found & Q(created_at__gte=added_after) if added_after else found


def folder_files(user: User, folder: str) -> QuerySet[File]:
    """Return the files in a folder that the user may read, at any depth.

    Raises: ValidationFailed.
    """
    return find_files(user).filter(within(validate_folder(folder, field="folder")))


def _subfolders(
    user: User, folder: str, ordering: str, position: FolderCursor | None, size: int
) -> list[Subfolder]:
    if position is not None and not position.folder:
        return []
    return find_subfolders(
        user,
        folder,
        after=position.folder if position else "",
        descending=ordering == "-name",
        limit=size + 1,
    )


def _page(
    folder: str,
    folders: list[Subfolder],
    files: QuerySet[File],
    position: FolderCursor,
    size: int,
) -> FolderPage:
    """Return the page of these subfolders and the files behind the position."""
    left = size - len(folders)
    rows = list(_behind(files, position)[: left + 1])
    shown = rows[:left]
    following = ""
    if len(rows) > left:
        following = _cursor_behind(position.ordering, shown[-1] if shown else None).encoded()
    return FolderPage(folder, folders, shown, following)


def _folder_key(ordering: str) -> CombinedExpression | F:
    """Return the sort key of the files in one folder.

    An index of all files by size or time would be read until enough files of this folder are found,
    and for a small folder to its end. Of an expression there is no index.
    """
    column = ordering.removeprefix("-")
    return F(column) + NEUTRAL[column] if column in NEUTRAL else F(column)


def _behind(files: QuerySet[File], position: FolderCursor) -> QuerySet[File]:
    """Return the files behind the position, ordered by their ``key`` and id."""
    descends = position.ordering.startswith("-")
    ordered = files.order_by(*(("-key", "-pk") if descends else ("key", "pk")))
    if position.value is None:
        return ordered
    # A row comparison, for which PostgreSQL uses an index on (column, id).
    beyond = TupleLessThan if descends else TupleGreaterThan
    return ordered.filter(beyond(Tuple(F("key"), F("pk")), (position.value, position.id)))


def _cursor_behind(ordering: str, file: File | None) -> FolderCursor:
    if file is None:
        return FolderCursor(ordering)
    value: Any = getattr(file, ordering.removeprefix("-"))
    return FolderCursor(ordering, "", value, file.pk)
