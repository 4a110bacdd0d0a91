"""Write operations on files. Each one is a single, audited transaction and names its actor."""

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import Target, record
from core.problems import FieldError
from files.content_types import detect_content_type
from files.filenames import validate_path
from files.models import File, FileVersion, Upload
from files.problems import NameTaken
from files.queries import writable_file
from files.quota import commit_reservation
from files.storage.writer import ContentInfo
from files.uploads.state import mark_ready

Precondition = Callable[[File], None]


def file_target(file: File) -> Target:
    """Return a file as an audit target."""
    return Target("file", str(file.id), file.name)


def create_file_version(*, upload: Upload, name: str, content: ContentInfo, user: User) -> File:
    """Make the stored content the newest version of the user's file of that name.

    A name without a live file makes a new file. Concurrent uploads of one name wait for each other
    on the file's row, and each makes a version. ``name`` is valid already. Raises:
    StorageUnavailable (if the upload was abandoned).
    """
    with transaction.atomic():
        mark_ready(upload)
        version = FileVersion(
            id=upload.id,
            object_name=upload.object_name,
            size=content.size,
            sha256=content.sha256,
            content_type=detect_content_type(content.head, name),
            created_by=user,
        )
        file = _lock_or_create_file(user, name, version)
        add_version(file, version)
        commit_reservation(content.size, reserved=upload.reserved_bytes)
        record(
            "file.uploaded",
            actor=user_actor(user),
            target=file_target(file),
            version=version.number,
            size=version.size,
            sha256=version.sha256,
        )
        return file


def rename_file(file_id: uuid.UUID, *, name: str, user: User, check: Precondition) -> File:
    """Rename a file. The name may contain folders; the object keeps its key.

    ``check`` gets the locked row first and may raise. Raises: NotFound, ValidationFailed, NameTaken
    (if the owner has another live file of that name).
    """
    new_name = validate_path(name, field="name")
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        if file.name != new_name:
            before, file.name = file.name, new_name
            save_with_unique_name(file, "name")
            record(
                "file.renamed",
                actor=user_actor(user),
                target=file_target(file),
                before=before,
                after=new_name,
            )
        return file


def save_with_unique_name(file: File, *columns: str) -> None:
    """Save a file under a live name.

    Raises: NameTaken (if its owner has another live file of that name).
    """
    name_taken = NameTaken(errors=[FieldError("name", "taken", NameTaken.title)])
    same = File.objects.filter(owner=file.owner_id, name=file.name, deleted_at=None)
    # Query first, so that the expected case causes no error in the database's log.
    if same.exclude(pk=file.pk).exists():
        raise name_taken
    try:
        with transaction.atomic():
            file.save(update_fields=[*columns, "updated_at"])
    except IntegrityError as exc:  # another transaction took the name after the query
        raise name_taken from exc


def trash_file(file_id: uuid.UUID, *, user: User, check: Precondition) -> None:
    """Move a file to the trash. ``check`` gets the locked row first. Raises: NotFound."""
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        file.deleted_at = timezone.now()
        file.save(update_fields=["deleted_at", "updated_at"])
        record("file.deleted", actor=user_actor(user), target=file_target(file))


def add_version(file: File, version: FileVersion) -> None:
    """Add the newest version to a file whose row is locked; number it after the last one.

    A file created for this version refers to it already and is not saved again.
    """
    newest = file.versions.aggregate(newest=Max("number"))["newest"] or 0
    version.file, version.number = file, newest + 1
    version.save(force_insert=True)
    is_new = file.current_id == version.id
    file.current, file.size = version, version.size
    if not is_new:
        file.save(update_fields=["current", "size", "updated_at"])


def _lock_or_create_file(user: User, name: str, version: FileVersion) -> File:
    """Return the user's live file of that name with its row locked; create it if there is none."""
    live = File.objects.filter(owner=user, name=name, deleted_at__isnull=True)
    while True:
        file = live.select_for_update().first()
        if file is not None:
            return file
        # One of several concurrent transactions inserts, and the others wait for it on the unique
        # index. The current version is inserted later in this transaction; PostgreSQL checks the
        # reference at commit.
        new_file = File(name=name, owner=user, current_id=version.id, size=version.size)
        File.objects.bulk_create([new_file], ignore_conflicts=True)
