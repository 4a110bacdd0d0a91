"""What requests about passwords look like."""

from typing import Any

from rest_framework import serializers

from accounts.passwords.validation import validate_new_password
from core.api.fields import TextField
from core.api.serializers import as_validator


class ChangePasswordSerializer(serializers.Serializer[Any]):
    current_password = TextField(max_length=1024, trim_whitespace=False)
    password = TextField(
        max_length=1024, trim_whitespace=False, validators=[as_validator(validate_new_password)]
    )
