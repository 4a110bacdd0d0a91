"""Moving a folder: all names in it get another prefix, in one transaction.

It is one audit event. An event for each of thousands of files would take longer than a request may.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import Target, record
from core.problems import FieldError, NotFound, ValidationFailed
from core.text.normalization import TOO_LONG
from core.text.translation import translatable
from files.filenames import MAX_NAME_LENGTH
from files.folders.paths import validate_folder, within
from files.models import File
from files.problems import FolderCycle, NameTaken, TooManyFiles
from files.queries import writable_files

# Bounds the time for which the rows are locked: some seconds.
MAX_FOLDER_FILES = 10_000
# It replaces the first one of a name for a moment. No name of a client has a control character.
TEMPORARY_CHARACTER = "\x01"


def rename_folder(folder: str, *, name: str, user: User) -> int:
    """Rename or move a folder; return how many files are in it.

    ``name`` is the new path. All files in the folder that the user may change are renamed: those of
    all users for owners and administrators. An existing folder takes them in. Raises:
    ValidationFailed (``name``), NotFound (without files), FolderCycle, TooManyFiles, NameTaken
    (naming the files that exist already).
    """
    old, new = validate_folder(folder, field="folder"), validate_folder(name, field="name")
    if not old:
        raise NotFound
    if not new:
        raise ValidationFailed(errors=[FieldError("name", "required", "Give a name.")])
    with transaction.atomic():
        files = _locked_files(old, user)
        if new == old:
            return len(files)
        if new.startswith(old):
            raise FolderCycle(errors=[FieldError("name", "folder_cycle", FolderCycle.title)])
        names = {file.pk: f"{new}{file.name.removeprefix(old)}" for file in files}
        _require_short(names.values())
        _require_free(files, names)
        _rename(files, old, new)
        record(
            "folder.renamed",
            actor=user_actor(user),
            target=Target("folder", "", new),
            before=old,
            after=new,
            files=len(files),
        )
    return len(files)


def _locked_files(folder: str, user: User) -> list[File]:
    rows = writable_files(user).filter(within(folder)).order_by("pk")
    files = list(rows[: MAX_FOLDER_FILES + 1])
    if not files:
        raise NotFound
    if len(files) > MAX_FOLDER_FILES:
        raise TooManyFiles(members={"limit": MAX_FOLDER_FILES})
    return files


def _require_short(names: Iterable[str]) -> None:
    longest = max(names, key=len)
    if len(longest) > MAX_NAME_LENGTH:
        rule = translatable(
            "The name of a file in it would be longer than %(most)s characters.",
            most=MAX_NAME_LENGTH,
        )
        raise ValidationFailed(errors=[FieldError("name", TOO_LONG, rule)])


def _require_free(files: Sequence[File], names: Mapping[uuid.UUID, str]) -> None:
    """Require that no owner has another file of a new name. Raises: NameTaken."""
    wanted = {(file.owner_id, names[file.pk]) for file in files}
    existing = File.objects.filter(deleted_at=None, name__in=names.values()).exclude(pk__in=names)
    taken = sorted(
        name for owner, name in existing.values_list("owner_id", "name") if (owner, name) in wanted
    )
    if taken:
        raise _name_taken(taken)


def _name_taken(names: Iterable[str] = ()) -> NameTaken:
    details: list[str] = [
        translatable("There is a file %(name)s already.", name=name) for name in names
    ]
    details = details or [NameTaken.title]
    return NameTaken(errors=[FieldError("name", "taken", detail) for detail in details])


def _rename(files: Sequence[File], old: str, new: str) -> None:
    rows = File.objects.filter(pk__in=[file.pk for file in files])
    if old.startswith(new):
        # PostgreSQL checks a unique index for each row, and the new name of one file can be the
        # former name of another.
        rows.update(name=Concat(Value(TEMPORARY_CHARACTER), Substr("name", 2)))
    try:
        with transaction.atomic():
            renamed = Concat(Value(new), Substr("name", len(old) + 1))
            rows.update(name=renamed, updated_at=timezone.now())
    except IntegrityError as exc:  # another transaction took a name after the query
        raise _name_taken() from exc
