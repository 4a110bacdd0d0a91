"""What requests and answers about second factors look like."""

from typing import Any

from rest_framework import serializers

from accounts.factors.services import TotpEnrolment
from accounts.models import Authenticator
from core.api.fields import TextField
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.text.formatting import timestamp, timestamp_or_none

# A passkey will be a type of its own beside this one.
FACTOR_TYPES = ("totp",)


class CreateSecondFactorSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(FACTOR_TYPES)


class ConfirmSecondFactorSerializer(serializers.Serializer[Any]):
    code = TextField(max_length=MAX_CODE_LENGTH)


class ReauthenticateSerializer(serializers.Serializer[Any]):
    password = TextField(max_length=1024, trim_whitespace=False, required=False)
    code = TextField(
        max_length=MAX_CODE_LENGTH, required=False, help_text="Of the app, or a recovery code."
    )


class SecondFactorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(FACTOR_TYPES)
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)


class SecondFactorsSerializer(serializers.Serializer[Any]):
    results = SecondFactorSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class CreatedSecondFactorSerializer(SecondFactorSerializer):
    secret = serializers.CharField(help_text="Base 32; shown once.")
    uri = serializers.CharField(help_text="`otpauth://`, for a QR code.")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="Shown once; each is good once."
    )


class ConfirmedSecondFactorSerializer(SecondFactorSerializer, RecoveryCodesSerializer):
    pass


def serialize_second_factor(row: Authenticator) -> dict[str, Any]:
    """Return a factor as the API shows it."""
    return {
        "id": str(row.id),
        "type": "totp",
        "created_at": timestamp(row.created_at),
        "confirmed_at": timestamp_or_none(row.confirmed_at),
    }


def serialize_enrolment(begun: TotpEnrolment) -> dict[str, Any]:
    """Return a new factor with what its app is to be told."""
    return {**serialize_second_factor(begun.factor), "secret": begun.secret, "uri": begun.uri}
