"""Reading a request's fields by the shape that a serializer declares."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from core.api.fields import TextField, as_validation_error
from core.crypto.one_time_codes import LONGEST
from core.problems import MAX_ERRORS, ValidationFailed


class KnownFields(serializers.Serializer[Any]):
    """A shape that refuses fields it does not have, rather than do nothing about them in silence.

    ``unknown`` is what it says of one.
    """

    unknown: ClassVar[str] = "There is no such field."

    def to_internal_value(self, data: Any) -> Any:
        """Return the fields that are declared. Raises DRF's ValidationError for any other one."""
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            # One more than is shown, so that the answer says that there are more.
            said = {str(name): [self.unknown] for name in sorted(unknown)[: MAX_ERRORS + 1]}
            raise serializers.ValidationError(said, "unknown")
        return super().to_internal_value(data)


class CredentialsShape(serializers.Serializer[Any]):
    """What anybody logs in with."""

    email = TextField(max_length=254)
    password = TextField(max_length=1024, trim_whitespace=False)
    code = TextField(
        max_length=LONGEST,
        required=False,
        allow_blank=True,
        help_text="Of the second factor, for who has one: the app's, or a recovery code.",
    )


def parsed(shape: type[Any], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the request's fields by their shape. Raises DRF's ValidationError."""
    return checked_fields(shape, request.data, partial=partial)


def checked_fields(shape: type[Any], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """Return the fields of ``data`` by their shape. Raises DRF's ValidationError."""
    form = shape(data=data, partial=partial)
    form.is_valid(raise_exception=True)
    fields: dict[str, Any] = form.validated_data
    return fields


def still_to_come(moment: datetime) -> None:
    """Refuse a moment that has passed; a field validator."""
    if moment <= timezone.now():
        raise serializers.ValidationError("Give a time that is still to come.", "past")


def by_rule(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Return a field validator that asks a service's rule, so that one answer names every fault.

    The field must bound the length of its text (core/api/fields.py).
    """

    def validate(value: str) -> None:
        try:
            rule(value)
        except ValidationFailed as exc:
            raise as_validation_error(exc) from exc

    return validate
