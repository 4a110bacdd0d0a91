"""What requests around mailed links look like."""

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import TENANT_FIELD_HELP
from core.api.fields import TextField
from core.text.email_addresses import MAX_EMAIL_LENGTH

MAX_EMAIL_TOKEN_LENGTH = 200


class TenantFieldSerializer(serializers.Serializer[Any]):
    tenant = TextField(max_length=40, required=False, help_text=TENANT_FIELD_HELP)


class ForgotPasswordSerializer(TenantFieldSerializer):
    # Not EmailField: an address that cannot be one is answered like an unknown one.
    email = TextField(max_length=MAX_EMAIL_LENGTH)


class ResetPasswordSerializer(TenantFieldSerializer):
    token = TextField(max_length=MAX_EMAIL_TOKEN_LENGTH)
    password = TextField(max_length=1024, trim_whitespace=False)


class VerifyEmailSerializer(TenantFieldSerializer):
    token = TextField(max_length=MAX_EMAIL_TOKEN_LENGTH)
    password = TextField(
        max_length=1024,
        required=False,
        trim_whitespace=False,
        help_text="To end a registration: the password to log in with.",
    )


class ConfirmationSentSerializer(serializers.Serializer[Any]):
    confirmation = serializers.ChoiceField(["mailed"])
