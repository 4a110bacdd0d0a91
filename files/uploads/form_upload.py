"""A file that a form has sent becomes a version."""

from typing import Any

from django.utils.datastructures import MultiValueDict

from accounts.models import User
from core.problems import FieldError, ValidationFailed
from files.filenames import validate_filename, validate_path
from files.models import File
from files.services import create_file_version
from files.uploads.form_parser import FILE_FIELD, ReceivedFile


def received_file(files: MultiValueDict[str, Any]) -> ReceivedFile:
    """Return the file of a form that FileFormParser has read. Raises: ValidationFailed."""
    received = files.get(FILE_FIELD)
    if not isinstance(received, ReceivedFile):
        error = FieldError(FILE_FIELD, "required", "Send a file in this field of the form.")
        raise ValidationFailed(errors=[error])
    return received


def add_received_file(received: ReceivedFile, *, folder: str, user: User) -> File:
    """Make a received file the newest version of its name in ``folder`` ("a/b/", or empty).

    After an error nothing is left in the store. Raises: ValidationFailed, StorageUnavailable.
    """
    try:
        name = validate_filename(received.name, field=FILE_FIELD)
        path = validate_path(f"{folder}{name}", field=FILE_FIELD)
        content = received.writer.finish()
        return create_file_version(upload=received.upload, name=path, content=content, user=user)
    except BaseException:
        received.discard()
        raise
