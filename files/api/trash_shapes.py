"""What requests and answers about the trash look like."""

from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from core.text.formatting import timestamp
from files.api.serializers import FileShape, file_of
from files.filenames import LONGEST
from files.models import File
from files.trash.period import end_of


class UntrashRequest(serializers.Serializer[Any]):
    name = TextField(
        max_length=LONGEST,
        length_code="too_long",
        required=False,
        trim_whitespace=False,
        allow_blank=True,
        help_text="Another name to restore it under; it may hold folders.",
    )


class TrashedShape(FileShape):
    deleted_at = serializers.DateTimeField()
    purge_at = serializers.DateTimeField(help_text="Until then it can be restored.")


def trashed_of(file: File) -> dict[str, Any]:
    """Return a file in the trash as the API shows it."""
    assert file.deleted_at is not None  # noqa: S101 - what the query has asked for
    return {
        **file_of(file),
        "deleted_at": timestamp(file.deleted_at),
        "purge_at": timestamp(end_of(file.deleted_at)),
    }
