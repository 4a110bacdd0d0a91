"""What requests and answers about API keys look like."""

from typing import Any

from rest_framework import serializers

from accounts.actions import SCOPES
from accounts.models import ApiKey
from core.api.fields import InstantField, IntegerField, ListField, NameField
from core.api.serializers import still_to_come
from core.http.conditional import etag_of_document
from core.text.formatting import time_or_none, timestamp

MOST_REQUESTS = 100_000


class NewKeyRequest(serializers.Serializer[Any]):
    name = NameField(max_length=100)
    scopes = ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at = InstantField(
        required=False,
        allow_null=True,
        default=None,
        validators=[still_to_come],
        help_text="Never without one.",
    )
    requests_per_minute = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MOST_REQUESTS,
        help_text="The usual limit of keys without one.",
    )

    def validate_scopes(self, value: list[str]) -> list[str]:
        """Name each scope once, in the order of the matrix."""
        return [scope for scope in SCOPES if scope in value]


class MakerShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()


class KeyShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="The last characters of the key.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    requests_per_minute = serializers.IntegerField(allow_null=True)
    created_by = MakerShape(help_text="The key acts as this person.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    last_used_ip = serializers.IPAddressField(allow_null=True)


class NewKeyShape(KeyShape):
    key = serializers.CharField(help_text="Shown in this answer alone.")


def key_of(row: ApiKey) -> dict[str, Any]:
    """Return a key as the API shows it, without the key itself."""
    return {
        "id": str(row.id),
        "name": row.name,
        "hint": row.hint,
        "scopes": row.scopes,
        "requests_per_minute": row.requests_per_minute,
        "created_by": {"id": str(row.user_id), "email": row.user.email},
        "created_at": timestamp(row.created_at),
        "expires_at": time_or_none(row.expires_at),
        "last_used_at": time_or_none(row.last_used_at),
        "last_used_ip": row.last_used_ip,
    }


def key_etag(row: ApiKey) -> str:
    """Return the entity tag of a key as shown; a use that is noted changes it."""
    return etag_of_document(key_of(row))
