"""What people do with files. Each verb is one transaction, audited, and names who acts."""

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import User
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


def create_file_version(*, upload: Upload, name: str, written: ContentInfo, user: User) -> File:
    """Make what was stored the newest version of the person's file of that name.

    A name that the person has no live file of is a new file. Uploads of one name at once each make
    a version: they wait for each other on the file's row. ``name`` is checked already. Raises
    StorageUnavailable for an upload that was given up meanwhile.
    """
    with transaction.atomic():
        mark_ready(upload)
        version = FileVersion(
            id=upload.id,
            object_name=upload.object_name,
            size=written.size,
            sha256=written.sha256,
            content_type=detect_content_type(written.head, name),
            created_by=user,
        )
        file = _lock_or_create_file(user, name, version)
        add_version(file, version)
        commit_reservation(written.size, reserved=upload.reserved_bytes)
        record(
            "file.uploaded",
            actor=user_actor(user),
            target=file_target(file),
            version=version.number,
            size=version.size,
            sha256=version.sha256,
        )
        return file


def _lock_or_create_file(user: User, name: str, version: FileVersion) -> File:
    """Return the person's live file of that name with its row locked, made if there is none."""
    live = File.objects.filter(owner=user, name=name, deleted_at__isnull=True)
    while True:
        file = live.select_for_update().first()
        if file is not None:
            return file
        # Of several at once one inserts and the others wait for it on the unique index. Its current
        # version comes into being in this transaction; the reference is checked at commit.
        fresh = File(name=name, owner=user, current_id=version.id, size=version.size)
        File.objects.bulk_create([fresh], ignore_conflicts=True)


def rename_file(file_id: uuid.UUID, *, name: str, user: User, check: Precondition) -> File:
    """Give a file another name, which may hold folders; its bytes stay where they are.

    ``check`` sees the locked row first and may raise. Raises NotFound, ValidationFailed, and
    NameTaken if the owner has another live file of that name.
    """
    wanted = validate_path(name, field="name")
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        if file.name != wanted:
            before, file.name = file.name, wanted
            save_with_unique_name(file, "name")
            record(
                "file.renamed",
                actor=user_actor(user),
                target=file_target(file),
                before=before,
                after=wanted,
            )
        return file


def save_with_unique_name(file: File, *columns: str) -> None:
    """Save a file that becomes live under a name. Raises NameTaken if its owner has another."""
    taken = NameTaken(errors=[FieldError("name", "taken", NameTaken.title)])
    same = File.objects.filter(owner=file.owner_id, name=file.name, deleted_at=None)
    # Asked first, so that what is expected is no error in the database's log.
    if same.exclude(pk=file.pk).exists():
        raise taken
    try:
        with transaction.atomic():
            file.save(update_fields=[*columns, "updated_at"])
    except IntegrityError as exc:  # since a moment ago
        raise taken from exc


def trash_file(file_id: uuid.UUID, *, user: User, check: Precondition) -> None:
    """Put a file into the trash. ``check`` sees the locked row first. Raises NotFound."""
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        file.deleted_at = timezone.now()
        file.save(update_fields=["deleted_at", "updated_at"])
        record("file.deleted", actor=user_actor(user), target=file_target(file))


# Giving a file another version.


def add_version(file: File, version: FileVersion) -> None:
    """Make a version the newest of a file whose row is locked; its number follows the last one.

    A file that was made for this version names it already, and has not been changed since.
    """
    newest = file.versions.aggregate(newest=Max("number"))["newest"] or 0
    version.file, version.number = file, newest + 1
    version.save(force_insert=True)
    is_new = file.current_id == version.id
    file.current, file.size = version, version.size
    if not is_new:
        file.save(update_fields=["current", "size", "updated_at"])
