"""Uploads from a client straight to the object store."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.api.upload_serializers import (
    CompleteUploadSerializer,
    CreatedUploadSerializer,
    CreateUploadSerializer,
    PartNumbersSerializer,
    PartUrlsSerializer,
    UploadSerializer,
    UploadSummarySerializer,
    claimed_parts,
    serialize_part_urls,
    serialize_upload,
)
from files.models import Upload
from files.trash import purge_due_files
from files.uploads.cleanup import clean_up_due
from files.uploads.completing import complete_upload
from files.uploads.direct import (
    UploadSpec,
    abort_upload,
    create_upload,
    ensure_multipart,
    open_uploads,
    own_upload,
    visible_upload,
    writable_upload,
)
from files.uploads.objects import list_parts, part_count
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

MAX_INITIAL_URLS = 100
RETRY_AFTER_SECONDS = 2  # seconds


class UploadListView(ApiView):
    """Uploads under way."""

    actions = {"GET": "files:write", "POST": "files:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_uploads", responses={200: UploadSummarySerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List uploads under way by page, newest first.

        Members see their own; owners and administrators see everybody's, and may end them.
        """
        return self.page(request, open_uploads(current_user(request)), serialize_upload)

    @extend_schema(
        operation_id="begin_upload",
        request=CreateUploadSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: CreatedUploadSerializer},
    )
    def post(self, request: Request) -> Response:
        """Reserve room for a file; the answer says where its bytes go.

        Small files go by one PUT, larger ones in parts. There are addresses for up to the first 100
        parts; ask for more as they are needed. What nothing is sent of by `start_by` ends then.
        """
        fields = validated(CreateUploadSerializer, request)
        user = current_user(request)
        purge_due_files()
        clean_up_due()  # before: what ends here may be the room that is asked for
        response = idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(fields),
            act=lambda: _created_response(create_upload(UploadSpec(**fields), user=user)),
            recheck=lambda first: own_upload(user, uuid.UUID(first["id"])),
        )
        # Signed anew each time, also for an answer that is repeated, if the upload is still open
        # then; and only now is the row there.
        upload = ensure_multipart(writable_upload(user, uuid.UUID(response.data["id"])))
        numbers = range(1, min(part_count(upload), MAX_INITIAL_URLS) + 1)
        response.data.update(serialize_upload(upload), **serialize_part_urls(upload, numbers))
        response["Cache-Control"] = "no-store"  # the addresses work for whoever has them
        return response


def _created_response(upload: Upload) -> Response:
    where = reverse("upload", kwargs={"upload_id": upload.id})
    return Response(serialize_upload(upload), status=201, headers={"Location": where})


class UploadDetailView(ApiView):
    """An upload: the caller's, for owners and administrators anybody's."""

    actions = {"GET": "files:write", "DELETE": "files:write"}

    @extend_schema(
        operation_id="read_upload",
        parameters=[IF_NONE_MATCH],
        responses={200: UploadSerializer, 304: None},
    )
    def get(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Tell how far it has come: which parts the store has."""
        document = _serialize_with_parts(visible_upload(current_user(request), upload_id))
        response = response_with_etag(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(operation_id="abort_upload", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Call it off; nothing stays of it and its room is free again."""
        conditional = "If-Match" in request.headers  # or the store need not be asked

        def check(upload: Upload) -> None:
            if conditional:
                require_match(request, etag_of_document(_serialize_with_parts(upload)))

        abort_upload(upload_id, user=current_user(request), check=check)
        return Response(status=204)


def _serialize_with_parts(upload: Upload) -> dict[str, Any]:
    """Return an upload as the API shows it. Raises StorageUnavailable."""
    coming = upload.state == Upload.State.PENDING and not upload.is_verifying
    parts = list_parts(upload) if coming else []
    listed = [{"number": p.number, "size": p.size, "etag": p.etag} for p in parts]
    return {**serialize_upload(upload), "parts": listed}


class UploadPartsView(ApiView):
    """Addresses for parts."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="sign_parts", request=PartNumbersSerializer, responses=PartUrlsSerializer
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Give an address for each of the parts, in the order asked for."""
        numbers = validated(PartNumbersSerializer, request)["numbers"]
        upload = ensure_multipart(writable_upload(current_user(request), upload_id))
        PartNumbersSerializer.require_within(numbers, part_count(upload))
        return Response(serialize_part_urls(upload, numbers), headers={"Cache-Control": "no-store"})


class UploadCompleteView(ApiView):
    """The end of an upload."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="complete_upload",
        request=CompleteUploadSerializer,
        responses={201: FileSerializer, 202: UploadSummarySerializer},
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Make the file of what was sent. Asking again returns the same file.

        What is too large to be verified while you wait answers 202 until it is; then ask again.
        """
        fields: dict[str, Any] = validated(CompleteUploadSerializer, request)
        user = current_user(request)
        file = complete_upload(upload_id, claimed=claimed_parts(fields), user=user)
        clean_up_due()
        if file is None:
            return _accepted_response(own_upload(user, upload_id))
        where = reverse("file", kwargs={"file_id": file.id})
        headers = {"Location": where, "ETag": file_etag(file)}
        return Response(serialize_file(file), status=201, headers=headers)


def _accepted_response(upload: Upload) -> Response:
    where = reverse("upload", kwargs={"upload_id": upload.id})
    headers = {
        "Location": where,
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Cache-Control": "no-store",
    }
    return Response(serialize_upload(upload), status=202, headers=headers)
