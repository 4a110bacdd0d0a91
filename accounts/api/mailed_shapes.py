"""What requests around mailed links look like."""

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import ON_API
from core.api.fields import TextField
from core.text.email_addresses import LONGEST_ADDRESS

LONGEST_TOKEN = 200


class TenantNamed(serializers.Serializer[Any]):
    tenant = TextField(max_length=40, required=False, help_text=ON_API)


class ForgotRequest(TenantNamed):
    # Not EmailField: an address that cannot be one is answered like an unknown one.
    email = TextField(max_length=LONGEST_ADDRESS)


class ResetRequest(TenantNamed):
    token = TextField(max_length=LONGEST_TOKEN)
    password = TextField(max_length=1024, trim_whitespace=False)


class VerifyRequest(TenantNamed):
    token = TextField(max_length=LONGEST_TOKEN)
    password = TextField(
        max_length=1024,
        required=False,
        trim_whitespace=False,
        help_text="To end a registration: the password to log in with.",
    )


class AwaitedShape(serializers.Serializer[Any]):
    confirmation = serializers.ChoiceField(["mailed"])
