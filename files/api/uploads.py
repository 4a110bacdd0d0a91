"""Uploads from a client straight to the object store."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import person
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, tagged
from files.api.serializers import FileShape, file_etag, file_of
from files.api.upload_serializers import (
    CompleteRequest,
    NewUploadRequest,
    NewUploadShape,
    PartsRequest,
    PartUrlsShape,
    UploadHead,
    UploadShape,
    claimed_of,
    upload_of,
    urls_of,
)
from files.models import Upload
from files.trash.purging import purge_due
from files.uploads.cleanup import settle_some
from files.uploads.completing import complete_upload
from files.uploads.direct import (
    Announced,
    abort_upload,
    announce_upload,
    begun,
    open_upload,
    open_uploads,
    own_upload,
    visible_upload,
)
from files.uploads.objects import part_count, stored_parts
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once

FIRST_URLS = 100
ASK_AGAIN = 2  # seconds


class Uploads(ApiView):
    """Uploads under way."""

    actions = {"GET": "files:write", "POST": "files:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_uploads", responses={200: UploadHead(many=True)})
    def get(self, request: Request) -> Response:
        """List uploads under way by page, newest first.

        Members see their own; owners and administrators see everybody's, and may end them.
        """
        return self.page(request, open_uploads(person(request)), upload_of)

    @extend_schema(
        operation_id="begin_upload",
        request=NewUploadRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewUploadShape},
    )
    def post(self, request: Request) -> Response:
        """Reserve room for a file; the answer says where its bytes go.

        Small files go by one PUT, larger ones in parts. There are addresses for up to the first 100
        parts; ask for more as they are needed. What nothing is sent of by `start_by` ends then.
        """
        fields = parsed(NewUploadRequest, request)
        user = person(request)
        purge_due()
        settle_some()  # before: what ends here may be the room that is asked for
        response = once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(fields),
            act=lambda: _announced(announce_upload(Announced(**fields), user=user)),
            recheck=lambda first: own_upload(user, uuid.UUID(first["id"])),
        )
        # Signed anew each time, also for an answer that is repeated, if the upload is still open
        # then; and only now is the row there.
        upload = begun(open_upload(user, uuid.UUID(response.data["id"])))
        numbers = range(1, min(part_count(upload), FIRST_URLS) + 1)
        response.data.update(upload_of(upload), **urls_of(upload, numbers))
        response["Cache-Control"] = "no-store"  # the addresses work for whoever has them
        return response


def _announced(upload: Upload) -> Response:
    where = reverse("upload", kwargs={"upload_id": upload.id})
    return Response(upload_of(upload), status=201, headers={"Location": where})


class OneUpload(ApiView):
    """An upload: the caller's, for owners and administrators anybody's."""

    actions = {"GET": "files:write", "DELETE": "files:write"}

    @extend_schema(
        operation_id="read_upload",
        parameters=[IF_NONE_MATCH],
        responses={200: UploadShape, 304: None},
    )
    def get(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Tell how far it has come: which parts the store has."""
        document = _with_parts(visible_upload(person(request), upload_id))
        response = tagged(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(operation_id="abort_upload", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Call it off; nothing stays of it and its room is free again."""
        conditional = "If-Match" in request.headers  # or the store need not be asked

        def check(upload: Upload) -> None:
            if conditional:
                require_match(request, etag_of_document(_with_parts(upload)))

        abort_upload(upload_id, user=person(request), check=check)
        return Response(status=204)


def _with_parts(upload: Upload) -> dict[str, Any]:
    """Return an upload as the API shows it. Raises StorageUnavailable."""
    coming = upload.state == Upload.State.PENDING and not upload.is_verifying
    parts = stored_parts(upload) if coming else []
    listed = [{"number": p.number, "size": p.size, "etag": p.etag} for p in parts]
    return {**upload_of(upload), "parts": listed}


class UploadParts(ApiView):
    """Addresses for parts."""

    actions = {"POST": "files:write"}

    @extend_schema(operation_id="sign_parts", request=PartsRequest, responses=PartUrlsShape)
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Give an address for each of the parts, in the order asked for."""
        numbers = parsed(PartsRequest, request)["numbers"]
        upload = begun(open_upload(person(request), upload_id))
        PartsRequest.require_within(numbers, part_count(upload))
        return Response(urls_of(upload, numbers), headers={"Cache-Control": "no-store"})


class UploadCompletion(ApiView):
    """The end of an upload."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="complete_upload",
        request=CompleteRequest,
        responses={201: FileShape, 202: UploadHead},
    )
    def post(self, request: Request, upload_id: uuid.UUID) -> Response:
        """Make the file of what was sent. Asking again returns the same file.

        What is too large to be verified while you wait answers 202 until it is; then ask again.
        """
        fields: dict[str, Any] = parsed(CompleteRequest, request)
        user = person(request)
        file = complete_upload(upload_id, claimed=claimed_of(fields), user=user)
        settle_some()
        if file is None:
            return _verifying(own_upload(user, upload_id))
        where = reverse("file", kwargs={"file_id": file.id})
        headers = {"Location": where, "ETag": file_etag(file)}
        return Response(file_of(file), status=201, headers=headers)


def _verifying(upload: Upload) -> Response:
    where = reverse("upload", kwargs={"upload_id": upload.id})
    headers = {"Location": where, "Retry-After": str(ASK_AGAIN), "Cache-Control": "no-store"}
    return Response(upload_of(upload), status=202, headers=headers)
