"""What requests and answers about API keys look like."""

from typing import Any

from rest_framework import serializers

from accounts.actions import SCOPES
from accounts.models import ApiKey
from core.api.fields import IntegerField, ListField, NameField, TimestampField
from core.api.serializers import validate_future
from core.http.conditional import etag_of_document
from core.text.formatting import timestamp, timestamp_or_none

MAX_REQUESTS_PER_MINUTE = 100_000


class CreateApiKeySerializer(serializers.Serializer[Any]):
    name = NameField(max_length=100)
    scopes = ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at = TimestampField(
        required=False,
        allow_null=True,
        default=None,
        validators=[validate_future],
        help_text="Never without one.",
    )
    requests_per_minute = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_REQUESTS_PER_MINUTE,
        help_text="The usual limit of keys without one.",
    )

    def validate_scopes(self, value: list[str]) -> list[str]:
        """Name each scope once, in the order of the matrix."""
        return [scope for scope in SCOPES if scope in value]


class ApiKeyCreatorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()


class ApiKeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="The last characters of the key.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    requests_per_minute = serializers.IntegerField(allow_null=True)
    created_by = ApiKeyCreatorSerializer(help_text="The key acts as this person.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    last_used_ip = serializers.IPAddressField(allow_null=True)


class CreatedApiKeySerializer(ApiKeySerializer):
    key = serializers.CharField(help_text="Shown in this answer alone.")


def serialize_api_key(row: ApiKey) -> dict[str, Any]:
    """Return a key as the API shows it, without the key itself."""
    return {
        "id": str(row.id),
        "name": row.name,
        "hint": row.hint,
        "scopes": row.scopes,
        "requests_per_minute": row.requests_per_minute,
        "created_by": {"id": str(row.user_id), "email": row.user.email},
        "created_at": timestamp(row.created_at),
        "expires_at": timestamp_or_none(row.expires_at),
        "last_used_at": timestamp_or_none(row.last_used_at),
        "last_used_ip": row.last_used_ip,
    }


def api_key_etag(row: ApiKey) -> str:
    """Return the entity tag of a key as shown; a use that is noted changes it."""
    return etag_of_document(serialize_api_key(row))
