"""Endpoints of the trash: list, restore and purge."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import TextField, validated
from core.api.views import ApiView
from core.http.conditional import require_match
from core.text.normalization import timestamp
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.filenames import MAX_NAME_LENGTH
from files.models import File
from files.queries import purge_time, trashed_files
from files.trash import purge_file, restore_file


class TrashPagination(KeysetPagination):
    """Pages of files in the trash, ordered by deletion time."""

    ordering = "-deleted_at"


class TrashedFileSerializer(FileSerializer):
    deleted_at = serializers.DateTimeField()
    purge_at = serializers.DateTimeField(help_text="The file can be restored until then.")


class TrashListView(ApiView):
    """The deleted files that the caller may read."""

    actions = {"GET": "files:read"}
    pagination_class = TrashPagination

    @extend_schema(operation_id="list_trash", responses={200: TrashedFileSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the trash by page, last deleted first."""
        return self.page(request, trashed_files(current_user(request)), serialize_trashed_file)


class TrashedFileView(ApiView):
    """One file in the trash."""

    actions = {"DELETE": "files:write"}

    @extend_schema(operation_id="purge_file", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Purge a file for ever, with all its versions and shares."""
        purge_file(
            trashed_id,
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(status=204)


class RestoreFileSerializer(serializers.Serializer[Any]):
    name = TextField(
        max_length=MAX_NAME_LENGTH,
        length_code="too_long",
        required=False,
        trim_whitespace=False,
        allow_blank=True,
        help_text="Another name for the restored file; it may contain folders.",
    )


class TrashedFileRestoreView(ApiView):
    """Restoring a file from the trash."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_file",
        request=RestoreFileSerializer,
        parameters=[IF_MATCH],
        responses=FileSerializer,
    )
    def post(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Restore a file with all its versions, under another name if its own is in use."""
        fields = validated(RestoreFileSerializer, request)
        file = restore_file(
            trashed_id,
            name=fields.get("name"),
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(serialize_file(file), headers={"ETag": file_etag(file)})


def serialize_trashed_file(file: File) -> dict[str, Any]:
    """Return a file in the trash as the API represents it."""
    assert file.deleted_at is not None  # noqa: S101 - the query selects deleted files only
    return {
        **serialize_file(file),
        "deleted_at": timestamp(file.deleted_at),
        "purge_at": timestamp(purge_time(file.deleted_at)),
    }
