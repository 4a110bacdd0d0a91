"""Giving a file another version."""

from django.db.models import Max

from files.models import File, FileVersion


def add_version(file: File, version: FileVersion) -> None:
    """Make a version the newest of a file whose row is locked; its number follows the last one."""
    newest = file.versions.aggregate(newest=Max("number"))["newest"] or 0
    version.file, version.number = file, newest + 1
    version.save(force_insert=True)
    file.current, file.size = version, version.size
    file.save(update_fields=["current", "size", "updated_at"])
