"""Giving a file another version."""

from django.db.models import Max

from files.models import File, FileVersion


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
