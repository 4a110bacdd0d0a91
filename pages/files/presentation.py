"""What pages show of a file: its short name, icon, owner and addresses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from accounts.models import User
from accounts.users.queries import existing_users
from core.problems import Problem
from files.filenames import shown_name
from files.folders.kinds import kind_of
from files.models import File

ICONS = {
    "image": "file-image",
    "video": "file-video",
    "audio": "file-audio",
    "archive": "file-archive",
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file in a list."""

    id: UUID
    name: str
    """For display."""

    path: str
    folder: str
    icon: str
    size: int
    created_at: datetime
    owner: str
    url: str
    deleted_at: datetime | None


def file_rows(files: Iterable[File], viewer: User) -> list[FileRow]:
    """Return the rows of a list; owners are named only to users who see files of others."""
    found = list(files)
    owners = owner_names(found) if viewer.manages else {}
    return [_row(file, owners.get(file.owner_id, "")) for file in found]


def owner_names(files: Iterable[File]) -> dict[UUID, str]:
    """Return the name of each owner by id, in one query."""
    users = existing_users().in_bulk({file.owner_id for file in files})
    return {key: display_name(user) for key, user in users.items()}


def display_name(user: User) -> str:
    """Return a user's name, or the address of one without a name."""
    return user.full_name or user.email


def split_path(path: str) -> tuple[str, str]:
    """Return the folder of a file name, with its final "/" or empty, and the last part."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}", name


def sentence(problem: Problem) -> str:
    """Return what is wrong: the details of the fields, or the title."""
    details = dict.fromkeys(gettext(error.detail) for error in problem.errors)
    return " ".join(details) or gettext(problem.title)


def icon_of(content_type: str) -> str:
    """Return the name of the icon of a content type."""
    if content_type == "application/pdf":
        return "file-pdf"
    if content_type.startswith("text/"):
        return "file-text"
    return ICONS.get(kind_of(content_type), "file")


def _row(file: File, owner: str) -> FileRow:
    folder, name = split_path(file.name)
    return FileRow(
        id=file.id,
        name=shown_name(name),
        path=file.name,
        folder=folder,
        icon=icon_of(file.current.content_type),
        size=file.size,
        created_at=file.created_at,
        owner=owner,
        url=reverse("file-page", kwargs={"file_id": file.id}),
        deleted_at=file.deleted_at,
    )
