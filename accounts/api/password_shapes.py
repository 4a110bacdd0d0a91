"""What requests about passwords look like."""

from typing import Any

from rest_framework import serializers

from accounts.passwords.validation import require_good
from core.api.fields import TextField
from core.api.serializers import by_rule


class ChangePasswordRequest(serializers.Serializer[Any]):
    current_password = TextField(max_length=1024, trim_whitespace=False)
    password = TextField(max_length=1024, trim_whitespace=False, validators=[by_rule(require_good)])
