"""What requests and answers of uploads look like. Shapes only; the rules live elsewhere."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from core.api.fields import IntegerField, ListField, MediaTypeField, RegexField, TextField
from core.problems import FieldError, ValidationFailed
from core.text.formatting import time_or_none, timestamp
from files.content_types import UNKNOWN
from files.filenames import LONGEST
from files.models import Upload
from files.uploads.objects import part_count
from files.uploads.presigning import headers_of, signed_urls

LARGEST = 2**63 - 1
MOST_NUMBERS = 1000
MOST_PARTS = 10_000  # of one upload (Amazon S3 user guide, "Multipart upload limits")
VERIFYING = "verifying"  # whole in the store, but not read yet


class NewUploadRequest(serializers.Serializer[Any]):
    # The characters are for files/filenames.py.
    name = TextField(
        max_length=LONGEST,
        length_code="too_long",
        trim_whitespace=False,
        allow_blank=True,
        help_text="May hold folders: reports/q1.pdf.",
    )
    size = IntegerField(min_value=0, max_value=LARGEST, help_text="Bytes.")
    content_type = MediaTypeField(
        default=UNKNOWN,
        help_text="What the store is told; what the file turns out to be is found out afterwards.",
    )
    sha256 = RegexField(
        r"^[0-9a-fA-F]{64}\Z",
        max_length=64,
        required=False,
        help_text="Of the content, in hexadecimal; other bytes are then refused.",
    )


class PartsRequest(serializers.Serializer[Any]):
    numbers = ListField(
        child=IntegerField(min_value=1, max_value=MOST_PARTS),
        min_length=1,
        max_length=MOST_NUMBERS,
    )

    @staticmethod
    def require_within(numbers: list[int], count: int) -> None:
        """Raise ValidationFailed for a part that the file does not have."""
        if max(numbers) > count:
            fault = FieldError("numbers", "max_value", f"The file has {count} parts.")
            raise ValidationFailed(errors=[fault])


class SentPart(serializers.Serializer[Any]):
    number = IntegerField(min_value=1, max_value=MOST_PARTS)
    etag = TextField(
        max_length=256, required=False, help_text="As the store answered; compared if given."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Take S3's own spelling as well: ``PartNumber``, ``ETag``, ``part_number``."""
        if isinstance(data, dict):
            known = {"PartNumber": "number", "part_number": "number", "ETag": "etag"}
            data = {known.get(name, name): value for name, value in data.items()}
        return super().to_internal_value(data)


class CompleteRequest(serializers.Serializer[Any]):
    parts = SentPart(  # type: ignore[call-arg]  # DRF hands it on to the list
        many=True, max_length=MOST_PARTS, required=False, help_text="Of an upload in parts."
    )


class UploadHead(serializers.Serializer[Any]):
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
    expires_at = serializers.DateTimeField(help_text="What is not completed by then is dropped.")
    start_by = serializers.DateTimeField(
        allow_null=True, help_text="What nothing was sent of by then is dropped."
    )
    created_by = serializers.UUIDField(help_text="The id of the person who began it.")


class PartUrlsShape(serializers.Serializer[Any]):
    urls = serializers.ListField(
        child=serializers.URLField(), help_text="One for each part: PUT its bytes there."
    )
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="Send these along with the bytes."
    )


class NewUploadShape(UploadHead, PartUrlsShape):
    pass


class StoredPart(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    size = serializers.IntegerField()
    etag = serializers.CharField()


class UploadShape(UploadHead):
    parts = StoredPart(many=True, help_text="Those that the store has already.")


def upload_of(upload: Upload) -> dict[str, Any]:
    """Return an upload as the API shows it, without its parts."""
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
        "start_by": time_or_none(upload.start_by),
        "created_by": str(upload.created_by_id),
    }


def urls_of(upload: Upload, numbers: Iterable[int]) -> dict[str, Any]:
    """Return the addresses for some parts, and what to send along."""
    return {"urls": signed_urls(upload, numbers), "headers": headers_of(upload)}


def claimed_of(fields: dict[str, Any]) -> dict[int, str]:
    """Return the parts that a client says it has sent, number to ETag."""
    return {part["number"]: part["etag"] for part in fields.get("parts", []) if part.get("etag")}
