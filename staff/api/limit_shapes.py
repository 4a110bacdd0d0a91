"""What is set apart for one tenant alone, as the staff API takes and shows it. Shapes only."""

from typing import Any

from rest_framework import serializers

from tenants.limits import LARGEST, NAMES


def _own_limit(what: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=LARGEST, allow_null=True, required=False, help_text=what
    )


class OwnLimitsShape(serializers.Serializer[Any]):
    storage_bytes = _own_limit("All objects together, in bytes.")
    storage_objects = _own_limit("How many objects: every version is one.")
    file_max_bytes = _own_limit("The largest file, in bytes; never more than the platform takes.")

    def to_internal_value(self, data: Any) -> Any:
        """Refuse a limit that there is not, rather than do nothing about it in silence."""
        unknown = set(data) - set(NAMES) if isinstance(data, dict) else set()
        if unknown:
            said = {str(name): ["There is no such limit."] for name in sorted(unknown)}
            raise serializers.ValidationError(said, "unknown")
        return super().to_internal_value(data)
