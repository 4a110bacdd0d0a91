"""What requests around mailed links look like."""

from typing import Any

from rest_framework import serializers

from accounts.api.shapes import ON_API
from accounts.people.addresses import normalised_email
from core.fields import EmailField, TextField

LONGEST_TOKEN = 200


class TenantNamed(serializers.Serializer[Any]):
    tenant = TextField(max_length=40, required=False, help_text=ON_API)


class ForgotRequest(TenantNamed):
    email = EmailField(max_length=254)

    def validate_email(self, value: str) -> str:
        """Return the address as it is stored; without its capitals it must still be one."""
        stored = normalised_email(value)
        return str(EmailField(max_length=254).run_validation(stored))


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
