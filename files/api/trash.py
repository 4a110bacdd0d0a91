"""The trash of the workspace: listed, restored from, emptied."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import require_match
from files.access import trashed_files
from files.api.serializers import FileShape, file_etag, file_of
from files.api.trash_shapes import TrashedShape, UntrashRequest, trashed_of
from files.trash.purging import purge_file
from files.trash.restoring import untrash_file


class LastDeletedFirst(KeysetPagination):
    """Files by the moment of their deletion."""

    ordering = "-deleted_at"


class Trash(ApiView):
    """The deleted files that the caller may see."""

    actions = {"GET": "files:read"}
    pagination_class = LastDeletedFirst

    @extend_schema(operation_id="list_trash", responses={200: TrashedShape(many=True)})
    def get(self, request: Request) -> Response:
        """List what is in the trash by page, what was deleted last first."""
        return self.page(request, trashed_files(person(request)), trashed_of)


class OneTrashed(ApiView):
    """A file in the trash."""

    actions = {"DELETE": "files:write"}

    @extend_schema(operation_id="purge_file", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Delete a file for good, with every version and share of it."""
        purge_file(
            trashed_id,
            user=person(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(status=204)


class TrashedRestoring(ApiView):
    """The way back."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_file",
        request=UntrashRequest,
        parameters=[IF_MATCH],
        responses=FileShape,
    )
    def post(self, request: Request, trashed_id: uuid.UUID) -> Response:
        """Bring a file back with all its versions, under another name if its own is taken."""
        fields = parsed(UntrashRequest, request)
        file = untrash_file(
            trashed_id,
            name=fields.get("name"),
            user=person(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        return Response(file_of(file), headers={"ETag": file_etag(file)})
