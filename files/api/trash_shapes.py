"""What requests and answers about the trash look like."""

from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from core.text.formatting import timestamp
from files.api.serializers import FileSerializer, serialize_file
from files.filenames import MAX_NAME_LENGTH
from files.models import File
from files.trash.period import purge_time


class RestoreFileSerializer(serializers.Serializer[Any]):
    name = TextField(
        max_length=MAX_NAME_LENGTH,
        length_code="too_long",
        required=False,
        trim_whitespace=False,
        allow_blank=True,
        help_text="Another name to restore it under; it may hold folders.",
    )


class TrashedFileSerializer(FileSerializer):
    deleted_at = serializers.DateTimeField()
    purge_at = serializers.DateTimeField(help_text="Until then it can be restored.")


def serialize_trashed_file(file: File) -> dict[str, Any]:
    """Return a file in the trash as the API shows it."""
    assert file.deleted_at is not None  # noqa: S101 - what the query has asked for
    return {
        **serialize_file(file),
        "deleted_at": timestamp(file.deleted_at),
        "purge_at": timestamp(purge_time(file.deleted_at)),
    }
