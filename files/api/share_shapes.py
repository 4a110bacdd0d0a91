"""What requests and answers about links look like. Shapes only; the rules live elsewhere."""

from typing import Any

from rest_framework import serializers

from core.api.fields import IntegerField, TextField, TimestampField
from core.api.serializers import validate_future
from core.text.formatting import timestamp, timestamp_or_none
from files.models import Share
from files.shares.tokens import share_url

MAX_DOWNLOADS = 1_000_000


class CreateShareSerializer(serializers.Serializer[Any]):
    expires_at = TimestampField(
        required=False,
        allow_null=True,
        default=None,
        validators=[validate_future],
        help_text="Never without one.",
    )
    max_downloads = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_DOWNLOADS,
        help_text="As often as anybody likes without one.",
    )
    password = TextField(
        required=False,
        allow_null=True,
        default=None,
        trim_whitespace=False,
        min_length=4,
        max_length=256,
        help_text="Asked of whoever opens the link; not of those who made it.",
    )


class ShareSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    file = serializers.UUIDField(help_text="The id of the file.")
    url = serializers.URLField(
        allow_null=True,
        help_text="Null once it is revoked, and for API keys that may not read files.",
    )
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(help_text="The id of the person who made it.")
    expires_at = serializers.DateTimeField(allow_null=True)
    max_downloads = serializers.IntegerField(allow_null=True)
    downloads = serializers.IntegerField(help_text="How often it was opened.")
    has_password = serializers.BooleanField()
    revoked_at = serializers.DateTimeField(allow_null=True)


def serialize_share(share: Share, *, with_url: bool) -> dict[str, Any]:
    """Return a link as the API shows it to those who may manage it.

    ``with_url`` is for those who may read the file: whoever has the address can.
    """
    return {
        "id": str(share.id),
        "file": str(share.file_id),
        "url": share_url(share) if with_url else None,
        "created_at": timestamp(share.created_at),
        "created_by": str(share.created_by_id),
        "expires_at": timestamp_or_none(share.expires_at),
        "max_downloads": share.max_downloads,
        "downloads": share.downloads,
        "has_password": bool(share.password),
        "revoked_at": timestamp_or_none(share.revoked_at),
    }
