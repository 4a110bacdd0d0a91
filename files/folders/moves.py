"""Moving chosen files and folders into a folder, all or nothing."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.problems import FieldError, NotFound, ValidationFailed
from files.bulk import FIELD
from files.folders.paths import validate_folder, within
from files.folders.services import rename_folder
from files.models import File
from files.queries import writable_files
from files.services import rename_file


def move_files(
    file_ids: Sequence[uuid.UUID], *, folders: Sequence[str] = (), target: str, user: User
) -> None:
    """Move files and folders into the folder ``target``; an empty text is the top.

    They keep their own names. A target without files comes into being. Raises: ValidationFailed,
    NotFound (for a file that the user may not change), FolderCycle, TooManyFiles, NameTaken.
    """
    place = validate_folder(target, field="target")
    sources = [validate_folder(folder, field="folder") for folder in folders]
    if not file_ids and not sources:
        raise ValidationFailed(errors=[FieldError(FIELD, "required", "Choose a file.")])
    with transaction.atomic():
        files = _locked_files(file_ids, sources, user)
        for file_id in dict.fromkeys(file_ids):
            if file_id not in files:
                raise NotFound
            own_name = files[file_id].name.rpartition("/")[2]
            rename_file(file_id, name=f"{place}{own_name}", user=user, check=lambda row: None)
        for folder in sources:
            own_name = folder.removesuffix("/").rpartition("/")[2]
            rename_folder(folder, name=f"{place}{own_name}", user=user)


def _locked_files(
    file_ids: Sequence[uuid.UUID], folders: Sequence[str], user: User
) -> dict[uuid.UUID, File]:
    """Lock all rows in the order of their ids, so that two moves cannot deadlock."""
    wanted = Q(pk__in=file_ids)
    for folder in folders:
        wanted |= within(folder)
    return {file.pk: file for file in writable_files(user).filter(wanted).order_by("pk")}
