"""The trash of the workspace: listed, restored from, emptied."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.api.views import ApiView
from core.http.conditional import require_match
from files.access import trashed_files
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.api.trash_shapes import (
    RestoreFileSerializer,
    TrashedFileSerializer,
    serialize_trashed_file,
)
from files.trash.purging import purge_file
from files.trash.restoring import restore_file


class TrashPagination(KeysetPagination):
    """Files by the moment of their deletion."""

    ordering = "-deleted_at"


class TrashListView(ApiView):
    """The deleted files that the caller may see."""

    actions = {"GET": "files:read"}
    pagination_class = TrashPagination

    @extend_schema(operation_id="list_trash", responses={200: TrashedFileSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List what is in the trash by page, what was deleted last first."""
        return self.page(request, trashed_files(current_user(request)), serialize_trashed_file)


class TrashedFileView(ApiView):
    """A file in the trash."""

    actions = {"DELETE": "files:write"}

    @extend_schema(operation_id="purge_file", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Delete a file for good, with every version and share of it."""
        purge_file(
            trashed_id,
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(status=204)


class TrashedFileRestoreView(ApiView):
    """The way back."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_file",
        request=RestoreFileSerializer,
        parameters=[IF_MATCH],
        responses=FileSerializer,
    )
    def post(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Bring a file back with all its versions, under another name if its own is taken."""
        fields = validated(RestoreFileSerializer, request)
        file = restore_file(
            trashed_id,
            name=fields.get("name"),
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(serialize_file(file), headers={"ETag": file_etag(file)})
