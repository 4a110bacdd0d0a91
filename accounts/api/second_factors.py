"""What requests and answers about second factors look like."""

from typing import Any

from rest_framework import serializers

from accounts.factors.services import Begun
from accounts.models import Authenticator
from core.api.fields import TextField
from core.crypto.one_time_codes import LONGEST
from core.text.formatting import time_or_none, timestamp

# A passkey will be a type of its own beside this one.
TYPES = ("totp",)


class FactorRequest(serializers.Serializer[Any]):
    type = serializers.ChoiceField(TYPES)


class ConfirmRequest(serializers.Serializer[Any]):
    code = TextField(max_length=LONGEST)


class ProveRequest(serializers.Serializer[Any]):
    password = TextField(max_length=1024, trim_whitespace=False, required=False)
    code = TextField(
        max_length=LONGEST, required=False, help_text="Of the app, or a recovery code."
    )


class FactorShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(TYPES)
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)


class FactorsShape(serializers.Serializer[Any]):
    results = FactorShape(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class BegunShape(FactorShape):
    secret = serializers.CharField(help_text="Base 32; shown once.")
    uri = serializers.CharField(help_text="`otpauth://`, for a QR code.")


class RecoveryCodesShape(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="Shown once; each is good once."
    )


class ConfirmedShape(FactorShape, RecoveryCodesShape):
    pass


def factor_view(row: Authenticator) -> dict[str, Any]:
    """Return a factor as the API shows it."""
    return {
        "id": str(row.id),
        "type": "totp",
        "created_at": timestamp(row.created_at),
        "confirmed_at": time_or_none(row.confirmed_at),
    }


def begun_view(begun: Begun) -> dict[str, Any]:
    """Return a new factor with what its app is to be told."""
    return {**factor_view(begun.factor), "secret": begun.secret, "uri": begun.uri}
