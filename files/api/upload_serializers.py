"""Serializers of direct uploads."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from core.api.fields import IntegerField, ListField, MediaTypeField, RegexField, TextField
from core.problems import FieldError, ValidationFailed
from core.text.formatting import timestamp, timestamp_or_none
from files.content_types import OCTET_STREAM
from files.filenames import MAX_NAME_LENGTH
from files.models import Upload
from files.uploads.objects import part_count
from files.uploads.presigning import presigned_urls, required_headers

MAX_SIZE = 2**63 - 1
MAX_PARTS_PER_REQUEST = 1000
MAX_PARTS = 10_000  # of one upload (Amazon S3 user guide, "Multipart upload limits")
VERIFYING = "verifying"  # complete in the store, but not verified yet


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
        help_text="Of the content, in hexadecimal; other content is then refused.",
    )


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
            error = FieldError("numbers", "max_value", f"The file has {count} parts.")
            raise ValidationFailed(errors=[error])


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
        many=True, max_length=MAX_PARTS, required=False, help_text="Of a multipart upload."
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
    part_size = serializers.IntegerField(help_text="Of every part but the last, in bytes.")
    part_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="The upload must be completed by then.")
    start_by = serializers.DateTimeField(
        allow_null=True, help_text="The first byte must be sent by then."
    )
    created_by = serializers.UUIDField(help_text="The id of the person who created it.")


class PartUrlsSerializer(serializers.Serializer[Any]):
    urls = serializers.ListField(
        child=serializers.URLField(), help_text="One for each part: PUT its bytes to it."
    )
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="Send these headers with the bytes."
    )


class CreatedUploadSerializer(UploadSummarySerializer, PartUrlsSerializer):
    pass


class StoredPartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    size = serializers.IntegerField()
    etag = serializers.CharField()


class UploadSerializer(UploadSummarySerializer):
    parts = StoredPartSerializer(many=True, help_text="The parts that the store has.")


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
