"""What requests about passwords look like."""

from typing import Any

from rest_framework import serializers

from accounts.passwords.rules import require_good
from core.shapes import by_rule


class ChangePasswordRequest(serializers.Serializer[Any]):
    current_password = serializers.CharField(max_length=1024, trim_whitespace=False)
    password = serializers.CharField(
        max_length=1024, trim_whitespace=False, validators=[by_rule(require_good)]
    )
