"""Endpoints of files: list, upload through the backend, read, rename and delete."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from core.api.filters import ordering_parameter, search_parameter, validate_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from core.http.negotiation import StrictJSONParser
from files.api.serializers import (
    AddFileSerializer,
    FileSerializer,
    RenameFileSerializer,
    file_etag,
    serialize_file,
)
from files.filenames import validate_filename, validate_path
from files.models import File, Upload
from files.queries import ORDERINGS, find_files, readable_file
from files.services import create_file_version, rename_file, trash_file
from files.trash import purge_due_files
from files.uploads.cleanup import clean_up_due
from files.uploads.form_parser import FILE_FIELD, FileFormParser, ReceivedFile
from files.uploads.form_upload import received_file
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

LIST_PARAMETERS = [
    search_parameter("A part of the name, without case."),
    ordering_parameter(ORDERINGS),
]


class FileListView(ApiView):
    """The files that the caller may read."""

    actions = {"GET": "files:read", "POST": "files:write"}

    parser_classes = (FileFormParser,)
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_files",
        parameters=LIST_PARAMETERS,
        responses={200: FileSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List files by page."""
        query = request.query_params
        ordering = validate_ordering(query.get("ordering", ""), ORDERINGS)
        files = find_files(current_user(request), search=query.get("search", ""))
        return self.page(request, files, serialize_file, ordering=ordering)

    @extend_schema(
        operation_id="add_file",
        request={"multipart/form-data": AddFileSerializer},
        parameters=[IDEMPOTENCY_KEY],
        responses={201: FileSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a file. An existing name gets a new version; nothing is overwritten."""
        return add_file(request)


class FileDetailView(ApiView):
    """One file."""

    actions = {"GET": "files:read", "PATCH": "files:write", "DELETE": "files:write"}

    parser_classes = (StrictJSONParser,)

    @extend_schema(
        operation_id="read_file",
        parameters=[IF_NONE_MATCH],
        responses={200: FileSerializer, 304: None},
    )
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """Return the metadata of a file."""
        file = readable_file(current_user(request), file_id)
        return response_with_etag(request, serialize_file(file), file_etag(file))

    @extend_schema(
        operation_id="rename_file",
        request=RenameFileSerializer,
        parameters=[IF_MATCH],
        responses=FileSerializer,
    )
    def patch(self, request: Request, file_id: uuid.UUID) -> Response:
        """Rename a file."""
        user = current_user(request)
        form = RenameFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if "name" not in form.validated_data:
            file = readable_file(user, file_id)
            require_match(request, file_etag(file))
        else:
            file = rename_file(
                file_id,
                name=form.validated_data["name"],
                user=user,
                check=lambda row: require_match(request, file_etag(row)),
            )
        return response_with_etag(request, serialize_file(file), file_etag(file))

    @extend_schema(operation_id="delete_file", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, file_id: uuid.UUID) -> Response:
        """Move a file to the trash."""
        trash_file(
            file_id,
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        purge_due_files()
        return Response(status=204)


def add_file(request: Request) -> Response:
    """Make the form's file a version; after an error nothing of it is left in the store.

    The field ``path`` replaces the file name of the form and may contain folders. With an
    Idempotency-Key that was used before, the first response is repeated and the new content is
    discarded. Two requests are the same if name and content are.
    """
    purge_due_files()
    # The first access to FILES reads the form and sends the file to the store.
    received = received_file(request.FILES)
    try:
        response = _respond(request, received)
    except BaseException:
        received.discard()
        raise
    if received.upload.state != Upload.State.READY:
        received.discard()
    clean_up_due()
    return response


def _respond(request: Request, received: ReceivedFile) -> Response:
    user = current_user(request)
    name = _requested_name(request, received)
    content = received.writer.finish()
    return idempotent(
        request,
        caller=str(user.id),
        fingerprint=fingerprint_of(name, content.sha256),
        action=lambda: _created_response(
            create_file_version(upload=received.upload, name=name, content=content, user=user)
        ),
    )


def _requested_name(request: Request, received: ReceivedFile) -> str:
    path = request.POST.get("path", "")
    if path:
        return validate_path(path, field="path")
    return validate_filename(received.name, field=FILE_FIELD)


def _created_response(file: File) -> Response:
    location = reverse("file", kwargs={"file_id": file.id})
    headers = {"Location": location, "ETag": file_etag(file)}
    return Response(serialize_file(file), status=201, headers=headers)
