"""Endpoints of direct uploads: create, list, read, sign parts, complete, abort."""

import uuid
from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import (
    IntegerField,
    ListField,
    MediaTypeField,
    RegexField,
    TextField,
    validated,
)
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.problems import FieldError, ValidationFailed
from core.text.normalization import timestamp, timestamp_or_none
from core.text.translation import translatable
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.content_types import OCTET_STREAM
from files.filenames import MAX_NAME_LENGTH
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
from files.uploads.objects import list_parts, part_count, presigned_urls, required_headers
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

MAX_INITIAL_URLS = 100
RETRY_AFTER_SECONDS = 2
MAX_SIZE = 2**63 - 1
MAX_PARTS_PER_REQUEST = 1000
MAX_PARTS = 10_000  # of one upload (Amazon S3 user guide, "Multipart upload limits")
VERIFYING = "verifying"  # complete in the store, but not verified yet


# Serializers of direct uploads.


class CreateUploadSerializer(serializers.Serializer[Any]):
    # files/filenames.py validates the characters.
    name = TextField(
        max_length=MAX_NAME_LENGTH,
        length_code="too_long",
        trim_whitespace=False,
        allow_blank=True,
        help_text="May contain folders: reports/q1.pdf.",
    )
    size = IntegerField(min_value=0, max_value=MAX_SIZE, help_text="Bytes.")
    content_type = MediaTypeField(
        default=OCTET_STREAM,
        help_text="Sent to the store; the type of the file is detected from its content.",
    )
    sha256 = RegexField(
        r"^[0-9a-fA-F]{64}\Z",
        max_length=64,
        required=False,
        help_text="SHA-256 of the content, in hexadecimal. Other content is then refused.",
    )


class PartUrlsSerializer(serializers.Serializer[Any]):
    urls = serializers.ListField(
        child=serializers.URLField(), help_text="One for each part: PUT its bytes to it."
    )
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="Send these headers with the bytes."
    )


class UploadSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    state = serializers.ChoiceField(["pending", VERIFYING, "ready", "failed"])
    reason = serializers.ChoiceField(
        Upload.Reason.values, allow_blank=True, help_text="Why it failed."
    )
    strategy = serializers.ChoiceField(["single", "multipart"])
    part_size = serializers.IntegerField(
        help_text="The size of every part except the last, in bytes."
    )
    part_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="The upload must be completed by then.")
    start_by = serializers.DateTimeField(
        allow_null=True, help_text="The first byte must be sent by then."
    )
    created_by = serializers.UUIDField(help_text="The id of the person who created it.")


class CreatedUploadSerializer(UploadSummarySerializer, PartUrlsSerializer):
    pass


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


class StoredPartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    size = serializers.IntegerField()
    etag = serializers.CharField()


class UploadSerializer(UploadSummarySerializer):
    parts = StoredPartSerializer(many=True, help_text="The parts that the store has.")


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


class PartNumbersSerializer(serializers.Serializer[Any]):
    numbers = ListField(
        child=IntegerField(min_value=1, max_value=MAX_PARTS),
        min_length=1,
        max_length=MAX_PARTS_PER_REQUEST,
    )

    @staticmethod
    def require_within(numbers: list[int], count: int) -> None:
        """Check that the file has these parts. Raises: ValidationFailed."""
        if max(numbers) > count:
            detail = translatable("The file has %(count)s parts.", count=count)
            raise ValidationFailed(errors=[FieldError("numbers", "max_value", detail)])


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


class SentPartSerializer(serializers.Serializer[Any]):
    number = IntegerField(min_value=1, max_value=MAX_PARTS)
    etag = TextField(
        max_length=256,
        required=False,
        help_text="From the response of the store; compared if given.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Accept S3's spelling too: ``PartNumber``, ``ETag``, ``part_number``."""
        if isinstance(data, dict):
            aliases = {"PartNumber": "number", "part_number": "number", "ETag": "etag"}
            data = {aliases.get(name, name): value for name, value in data.items()}
        return super().to_internal_value(data)


class CompleteUploadSerializer(serializers.Serializer[Any]):
    parts = SentPartSerializer(  # type: ignore[call-arg]  # DRF passes it to the list
        many=True,
        max_length=MAX_PARTS,
        required=False,
        help_text="The sent parts of a multipart upload.",
    )


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


def serialize_upload(upload: Upload) -> dict[str, Any]:
    """Return an upload as the API represents it, without its parts."""
    return {
        "id": str(upload.id),
        "name": upload.name,
        "size": upload.size,
        "state": VERIFYING if upload.is_verifying else upload.state,
        "reason": upload.reason,
        "strategy": upload.strategy,
        "part_size": upload.part_size,
        "part_count": part_count(upload),
        "created_at": timestamp(upload.created_at),
        "expires_at": timestamp(upload.expires_at),
        "start_by": timestamp_or_none(upload.start_by),
        "created_by": str(upload.created_by_id),
    }


def serialize_part_urls(upload: Upload, numbers: Iterable[int]) -> dict[str, Any]:
    """Return the URLs of some parts and the headers to send with them."""
    return {"urls": presigned_urls(upload, numbers), "headers": required_headers(upload)}


def claimed_parts(fields: dict[str, Any]) -> dict[int, str]:
    """Return the parts that the client says it has sent, number to ETag."""
    return {part["number"]: part["etag"] for part in fields.get("parts", []) if part.get("etag")}


def _created_response(upload: Upload) -> Response:
    location = reverse("upload", kwargs={"upload_id": upload.id})
    return Response(serialize_upload(upload), status=201, headers={"Location": location})


def _serialize_with_parts(upload: Upload) -> dict[str, Any]:
    """Return an upload with its stored parts. Raises: StorageUnavailable."""
    accepts_parts = upload.state == Upload.State.PENDING and not upload.is_verifying
    parts = list_parts(upload) if accepts_parts else []
    rows = [{"number": p.number, "size": p.size, "etag": p.etag} for p in parts]
    return {**serialize_upload(upload), "parts": rows}


def _accepted_response(upload: Upload) -> Response:
    location = reverse("upload", kwargs={"upload_id": upload.id})
    headers = {
        "Location": location,
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Cache-Control": "no-store",
    }
    return Response(serialize_upload(upload), status=202, headers=headers)
