"""Endpoints of a file's versions: list and restore."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import require_match
from core.problems import FieldError, ValidationFailed
from core.text.normalization import timestamp
from core.text.parsing import parse_integer
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.models import File, FileVersion
from files.versions import file_versions, restore_version
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

MAX_VERSION = 2**31 - 1
VERSION_PARAMETER = OpenApiParameter(
    "version", int, description="The number of a version; the current one by default."
)


class VersionPagination(KeysetPagination):
    """Pages of versions, ordered by number, which is unique in a file."""

    ordering = "-number"


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(help_text="The number of the version, from 1.")
    size = serializers.IntegerField(help_text="Bytes.")
    content_type = serializers.CharField()
    sha256 = serializers.CharField(help_text="SHA-256 of the content, in hexadecimal.")
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(
        help_text="The id of the person who uploaded or restored it."
    )
    current = serializers.BooleanField(help_text="Whether it is the current version.")
    restored_from = serializers.IntegerField(
        allow_null=True, help_text="The number of the version that was restored."
    )


class VersionListView(ApiView):
    """The versions of a file."""

    actions = {"GET": "files:read"}
    pagination_class = VersionPagination

    @extend_schema(operation_id="list_versions", responses={200: VersionSerializer(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List versions by page, newest first."""
        return self.page(
            request, file_versions(file_id, user=current_user(request)), serialize_version
        )


class VersionRestoreView(ApiView):
    """Restoring an older version."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_version",
        request=None,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
        responses=FileSerializer,
    )
    def post(self, request: Request, file_id: uuid.UUID, version: int) -> Response:
        """Make an older version current again, as a new version over the same stored content."""
        user = current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(str(file_id), version),
            action=lambda: _file_response(
                restore_version(
                    file_id,
                    version,
                    user=user,
                    check=lambda row: require_match(request, file_etag(row)),
                )
            ),
        )


def serialize_version(version: FileVersion) -> dict[str, Any]:
    """Return a version as the API represents it."""
    source = version.restored_from
    return {
        "version": version.number,
        "size": version.size,
        "content_type": version.content_type,
        "sha256": version.sha256,
        "created_at": timestamp(version.created_at),
        "created_by": str(version.created_by_id),
        "current": version.file.current_id == version.pk,
        "restored_from": source.number if source else None,
    }


def requested_version(request: Request) -> int | None:
    """Return the requested version number, None for the current version.

    Raises: ValidationFailed.
    """
    text = request.query_params.get("version")
    if text is None:
        return None
    try:
        version = parse_integer(text)
    except ValueError:
        version = -1
    if not 0 <= version <= MAX_VERSION:
        error = FieldError("version", "invalid", "Give the number of a version.")
        raise ValidationFailed(errors=[error])
    return version


def _file_response(file: File) -> Response:
    return Response(serialize_file(file), headers={"ETag": file_etag(file)})
