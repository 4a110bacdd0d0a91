"""What requests about people look like."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.passwords.validation import validate_new_password
from core.api.fields import EmailField, NameField, TextField
from core.api.serializers import as_validator


class TrueOrFalse(serializers.BooleanField):
    """A JSON boolean; words and numbers that could mean one are refused."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the value. Raises ValidationError."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NewPersonRequest(serializers.Serializer[Any]):
    email = EmailField(max_length=254)
    first_name = NameField(max_length=100, default="", allow_blank=True)
    last_name = NameField(max_length=100, default="", allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices, default=User.Role.MEMBER)
    is_active = TrueOrFalse(default=True)
    password = TextField(
        max_length=1024,
        trim_whitespace=False,
        required=False,
        write_only=True,
        validators=[as_validator(validate_new_password)],
        help_text="Without one the person is mailed a link to set one.",
    )


class ChangePersonRequest(serializers.Serializer[Any]):
    email = EmailField(
        max_length=254, help_text="Asks for a recent proof of who asks; the new one is unverified."
    )
    first_name = NameField(max_length=100, allow_blank=True)
    last_name = NameField(max_length=100, allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices)
    is_active = TrueOrFalse()


class TransferRequest(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(help_text="Who is to own the workspace.")
