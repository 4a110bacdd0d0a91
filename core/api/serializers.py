"""Base serializers of requests, and validation of a request with a serializer."""

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
    """A serializer that refuses unknown fields instead of ignoring them.

    ``unknown`` is the error message.
    """

    unknown: ClassVar[str] = "There is no such field."

    def to_internal_value(self, data: Any) -> Any:
        """Return the declared fields. Raises DRF's ValidationError for an unknown one."""
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            # One more than is shown, so that the response says that there are more.
            errors = {str(name): [self.unknown] for name in sorted(unknown)[: MAX_ERRORS + 1]}
            raise serializers.ValidationError(errors, "unknown")
        return super().to_internal_value(data)


class CredentialsSerializer(serializers.Serializer[Any]):
    """The credentials of a log-in."""

    email = TextField(max_length=254)
    password = TextField(max_length=1024, trim_whitespace=False)
    code = TextField(
        max_length=MAX_CODE_LENGTH,
        required=False,
        allow_blank=True,
        help_text="Of the second factor, for who has one: the app's, or a recovery code.",
    )


def validated(serializer: type[Any], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the validated fields of a request. Raises DRF's ValidationError."""
    return validated_data(serializer, request.data, partial=partial)


def validated_data(serializer: type[Any], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """Return the validated fields of ``data``. Raises DRF's ValidationError."""
    bound = serializer(data=data, partial=partial)
    bound.is_valid(raise_exception=True)
    fields: dict[str, Any] = bound.validated_data
    return fields


def validate_future(moment: datetime) -> None:
    """Raise ValidationError for a time in the past (a field validator)."""
    if moment <= timezone.now():
        raise serializers.ValidationError("Give a time that is still to come.", "past")


def as_validator(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Return a field validator that applies a service's rule, so that one response has all errors.

    The field must bound the length of its text (core/api/fields.py).
    """

    def validate(value: str) -> None:
        try:
            rule(value)
        except ValidationFailed as exc:
            raise to_drf_error(exc) from exc

    return validate
