"""Reading a request's fields by the shape that a serializer declares."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from core.api.fields import TextField, to_drf_error
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.problems import MAX_ERRORS, ValidationFailed


class StrictSerializer(serializers.Serializer[Any]):
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


class CredentialsSerializer(serializers.Serializer[Any]):
    """What anybody logs in with."""

    email = TextField(max_length=254)
    password = TextField(max_length=1024, trim_whitespace=False)
    code = TextField(
        max_length=MAX_CODE_LENGTH,
        required=False,
        allow_blank=True,
        help_text="Of the second factor, for who has one: the app's, or a recovery code.",
    )


def validated(shape: type[Any], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the request's fields by their shape. Raises DRF's ValidationError."""
    return validated_data(shape, request.data, partial=partial)


def validated_data(shape: type[Any], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """Return the fields of ``data`` by their shape. Raises DRF's ValidationError."""
    form = shape(data=data, partial=partial)
    form.is_valid(raise_exception=True)
    fields: dict[str, Any] = form.validated_data
    return fields


def validate_future(moment: datetime) -> None:
    """Refuse a moment that has passed; a field validator."""
    if moment <= timezone.now():
        raise serializers.ValidationError("Give a time that is still to come.", "past")


def as_validator(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Return a field validator that asks a service's rule, so that one answer names every fault.

    The field must bound the length of its text (core/api/fields.py).
    """

    def validate(value: str) -> None:
        try:
            rule(value)
        except ValidationFailed as exc:
            raise to_drf_error(exc) from exc

    return validate
