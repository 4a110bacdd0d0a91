"""What is set apart for one tenant alone, as the staff API takes and shows it. Shapes only."""

from core.api.fields import IntegerField
from core.api.serializers import StrictSerializer
from tenants.limits import MAX_LIMIT


def _own_limit(what: str) -> IntegerField:
    return IntegerField(
        min_value=0, max_value=MAX_LIMIT, allow_null=True, required=False, help_text=what
    )


class OwnLimitsSerializer(StrictSerializer):
    unknown = "There is no such limit."

    storage_bytes = _own_limit("All objects together, in bytes.")
    storage_objects = _own_limit("How many objects: every version is one.")
    file_max_bytes = _own_limit("The largest file, in bytes; never more than the platform takes.")
