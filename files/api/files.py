"""Listing files, adding one, and what can be done to one."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from core.api.filters import validate_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH, ordering_parameter, search_parameter
from core.api.pagination import KeysetPagination
from core.api.parsers import StrictJSONParser
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from core.problems import FieldError, ValidationFailed
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
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

LIST_PARAMETERS = [
    search_parameter("A part of the name, without case."),
    ordering_parameter(ORDERINGS),
]


class FileListView(ApiView):
    """The files that the caller may see."""

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
        asked = request.query_params
        ordering = validate_ordering(asked.get("ordering", ""), ORDERINGS)
        found = find_files(current_user(request), search=asked.get("search", ""))
        return self.page(request, found, serialize_file, ordering=ordering)

    @extend_schema(
        operation_id="add_file",
        request={"multipart/form-data": AddFileSerializer},
        parameters=[IDEMPOTENCY_KEY],
        responses={201: FileSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a file. The same name again is a new version of it, never an overwrite."""
        return add_file(request)


class FileDetailView(ApiView):
    """One file: what it is, its name, its end."""

    actions = {"GET": "files:read", "PATCH": "files:write", "DELETE": "files:write"}

    parser_classes = (StrictJSONParser,)

    @extend_schema(
        operation_id="read_file",
        parameters=[IF_NONE_MATCH],
        responses={200: FileSerializer, 304: None},
    )
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """Show what a file is."""
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
        """Put a file into the trash."""
        trash_file(
            file_id,
            user=current_user(request),
            check=lambda row: require_match(request, file_etag(row)),
        )
        purge_due_files()
        return Response(status=204)


# Adding a file by ``POST /api/files``.


def add_file(request: Request) -> Response:
    """Keep the file of the request's form; nothing stays in the store if that fails.

    ``path`` names the file in place of the part's own file name, and may hold folders. With an
    Idempotency-Key that was used before, the first answer is returned and what has just been sent
    is dropped; name and content make two requests the same.
    """
    purge_due_files()
    received = _received_file(request)
    try:
        response = _respond(request, received)
    except BaseException:
        received.drop()
        raise
    if received.upload.state != Upload.State.READY:
        received.drop()
    clean_up_due()
    return response


def _received_file(request: Request) -> ReceivedFile:
    # The first access to FILES reads the form and sends the file to the store.
    found = request.FILES.get(FILE_FIELD)
    if not isinstance(found, ReceivedFile):
        fault = FieldError(FILE_FIELD, "required", "Send a file in this field of the form.")
        raise ValidationFailed(errors=[fault])
    return found


def _respond(request: Request, received: ReceivedFile) -> Response:
    user = current_user(request)
    name = _requested_name(request, received)
    written = received.writer.finish()
    return idempotent(
        request,
        caller=str(user.id),
        fingerprint=fingerprint_of(name, written.sha256),
        act=lambda: _created_response(
            create_file_version(upload=received.upload, name=name, written=written, user=user)
        ),
    )


def _requested_name(request: Request, received: ReceivedFile) -> str:
    path = request.POST.get("path", "")
    return (
        validate_path(path, field="path")
        if path
        else validate_filename(received.name, field=FILE_FIELD)
    )


def _created_response(file: File) -> Response:
    where = reverse("file", kwargs={"file_id": file.id})
    return Response(
        serialize_file(file), status=201, headers={"Location": where, "ETag": file_etag(file)}
    )
