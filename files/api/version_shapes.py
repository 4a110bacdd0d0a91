"""What requests and answers about versions look like."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from core.problems import FieldError, ValidationFailed
from core.text.formatting import timestamp
from core.text.parsing import parse_integer
from files.models import FileVersion

MAX_VERSION = 2**31 - 1

VERSION_PARAMETER = OpenApiParameter(
    "version", int, description="The number of an older version; the current one without it."
)


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(help_text="Counts the contents of the file from 1.")
    size = serializers.IntegerField(help_text="Bytes.")
    content_type = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the content, in hexadecimal.")
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(help_text="The id of the person who sent or restored it.")
    current = serializers.BooleanField(help_text="Whether the file has this content now.")
    restored_from = serializers.IntegerField(
        allow_null=True, help_text="The number of the version that it brought back."
    )


def serialize_version(version: FileVersion) -> dict[str, Any]:
    """Return a version as the API shows it."""
    former = version.restored_from
    return {
        "version": version.number,
        "size": version.size,
        "content_type": version.content_type,
        "sha256": version.sha256,
        "created_at": timestamp(version.created_at),
        "created_by": str(version.created_by_id),
        "current": version.file.current_id == version.pk,
        "restored_from": former.number if former else None,
    }


def requested_version(request: Request) -> int | None:
    """Return the version that is asked for, None for the current one. Raises ValidationFailed."""
    asked = request.query_params.get("version")
    if asked is None:
        return None
    try:
        version = parse_integer(asked)
    except ValueError:
        version = -1
    if not 0 <= version <= MAX_VERSION:
        fault = FieldError("version", "invalid", "Give the number of a version.")
        raise ValidationFailed(errors=[fault])
    return version
