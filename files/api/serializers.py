"""Serializers of files, which several endpoints share."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import TextField
from core.http.conditional import etag_of
from core.text.normalization import timestamp
from files.filenames import MAX_NAME_LENGTH
from files.models import File


@extend_schema_field(
    {
        "type": "string",
        "format": "binary",  # what generators of clients go by
        "contentMediaType": "application/octet-stream",  # what OpenAPI 3.1 has in its place
    }
)
class ContentField(serializers.FileField):
    """The content of a file in a form. DRF's own field is described as a URL in the schema."""


class AddFileSerializer(serializers.Serializer[Any]):
    file = ContentField(help_text="The content and the file name.")
    path = TextField(
        max_length=MAX_NAME_LENGTH,
        required=False,
        help_text="A name that replaces the file name. It may contain folders: reports/q1.pdf.",
    )


class RenameFileSerializer(serializers.Serializer[Any]):
    # files/filenames.py validates the characters, including leading and trailing blanks.
    name = TextField(
        max_length=MAX_NAME_LENGTH,
        length_code="too_long",
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="It may contain folders, as in an upload: reports/q1.pdf.",
    )


class FileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    content_type = serializers.CharField()
    sha256 = serializers.CharField(help_text="SHA-256 of the content, in hexadecimal.")
    version = serializers.IntegerField(help_text="The number of the current version.")
    owner = serializers.UUIDField(help_text="The id of the person whose file it is.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DownloadSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


def serialize_file(file: File) -> dict[str, Any]:
    """Return a file as the API represents it."""
    return {
        "id": str(file.id),
        "name": file.name,
        "size": file.current.size,
        "content_type": file.current.content_type,
        "sha256": file.current.sha256,
        "version": file.current.number,
        "owner": str(file.owner_id),
        "created_at": timestamp(file.created_at),
        "updated_at": timestamp(file.updated_at),
    }


def file_etag(file: File) -> str:
    """Return the ETag of a file's metadata."""
    return etag_of(file.id, file.updated_at)
