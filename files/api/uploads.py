"""Endpoints of direct uploads: create, list, read, sign parts, complete, abort."""

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
from files.uploads.completion import complete_upload
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
RETRY_AFTER_SECONDS = 2


class UploadListView(ApiView):
    """The open uploads."""

    actions = {"GET": "files:write", "POST": "files:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_uploads", responses={200: UploadSummarySerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List open uploads by page, newest first.

        Members see their own. Owners and administrators see the uploads of all people and may abort
        them.
        """
        return self.page(request, open_uploads(current_user(request)), serialize_upload)

    @extend_schema(
        operation_id="begin_upload",
        request=CreateUploadSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: CreatedUploadSerializer},
    )
    def post(self, request: Request) -> Response:
        """Reserve storage for a file and return URLs to send its content to.

        Small files are sent by one PUT, larger ones in parts. The response has URLs for up to the
        first 100 parts; request more as they are needed. An upload without content expires at
        `start_by`.
        """
        fields = validated(CreateUploadSerializer, request)
        user = current_user(request)
        purge_due_files()
        clean_up_due()  # first, because this may release the quota that is needed
        response = idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(fields),
            action=lambda: _created_response(create_upload(UploadSpec(**fields), user=user)),
            recheck=lambda first: own_upload(user, uuid.UUID(first["id"])),
        )
        # After the commit of the row. A repeated response gets new URLs too, if the upload is still
        # open.
        upload = ensure_multipart(writable_upload(user, uuid.UUID(response.data["id"])))
        numbers = range(1, min(part_count(upload), MAX_INITIAL_URLS) + 1)
        response.data.update(serialize_upload(upload), **serialize_part_urls(upload, numbers))
        response["Cache-Control"] = "no-store"  # the URLs work for every client that has them
        return response


def _created_response(upload: Upload) -> Response:
    location = reverse("upload", kwargs={"upload_id": upload.id})
    return Response(serialize_upload(upload), status=201, headers={"Location": location})


class UploadDetailView(ApiView):
    """One upload: the caller's own, or any for owners and administrators."""

    actions = {"GET": "files:write", "DELETE": "files:write"}

    @extend_schema(
        operation_id="read_upload",
        parameters=[IF_NONE_MATCH],
        responses={200: UploadSerializer, 304: None},
    )
    def get(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Return the progress of an upload: the parts that the store has."""
        document = _serialize_with_parts(visible_upload(current_user(request), upload_id))
        response = response_with_etag(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(operation_id="abort_upload", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Abort an upload; its content is deleted and its quota released."""
        conditional = "If-Match" in request.headers  # otherwise no request to the store is needed

        def check(upload: Upload) -> None:
            if conditional:
                require_match(request, etag_of_document(_serialize_with_parts(upload)))

        abort_upload(upload_id, user=current_user(request), check=check)
        return Response(status=204)


def _serialize_with_parts(upload: Upload) -> dict[str, Any]:
    """Return an upload with its stored parts. Raises: StorageUnavailable."""
    accepts_parts = upload.state == Upload.State.PENDING and not upload.is_verifying
    parts = list_parts(upload) if accepts_parts else []
    rows = [{"number": p.number, "size": p.size, "etag": p.etag} for p in parts]
    return {**serialize_upload(upload), "parts": rows}


class UploadPartsView(ApiView):
    """Presigned URLs of parts."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="sign_parts", request=PartNumbersSerializer, responses=PartUrlsSerializer
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Return a URL for each of the parts, in the requested order."""
        numbers = validated(PartNumbersSerializer, request)["numbers"]
        upload = ensure_multipart(writable_upload(current_user(request), upload_id))
        PartNumbersSerializer.require_within(numbers, part_count(upload))
        return Response(serialize_part_urls(upload, numbers), headers={"Cache-Control": "no-store"})


class UploadCompleteView(ApiView):
    """Completion of an upload."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="complete_upload",
        request=CompleteUploadSerializer,
        responses={201: FileSerializer, 202: UploadSummarySerializer},
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Make the sent content a file. Repeating the request returns the same file.

        A large upload is verified in the background: the response is 202 until then; repeat the
        request.
        """
        fields: dict[str, Any] = validated(CompleteUploadSerializer, request)
        user = current_user(request)
        file = complete_upload(upload_id, claimed=claimed_parts(fields), user=user)
        clean_up_due()
        if file is None:
            return _accepted_response(own_upload(user, upload_id))
        location = reverse("file", kwargs={"file_id": file.id})
        headers = {"Location": location, "ETag": file_etag(file)}
        return Response(serialize_file(file), status=201, headers=headers)


def _accepted_response(upload: Upload) -> Response:
    location = reverse("upload", kwargs={"upload_id": upload.id})
    headers = {
        "Location": location,
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Cache-Control": "no-store",
    }
    return Response(serialize_upload(upload), status=202, headers=headers)
