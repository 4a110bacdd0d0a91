"""Strict serializers and fields for requests, and validation of a request.

The fields check lengths first. DRF checks the length of a text together with its other validators,
and the length of a list after each of its elements. tests/structure/test_request_fields.py requires
these fields in all requests.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.core.validators import EmailValidator
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty
from rest_framework.request import Request

from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.field_validators import field_validator
from core.problems import MAX_ERRORS, ValidationFailed
from core.text.email_addresses import MAX_EMAIL_LENGTH, canonical_address
from core.text.names import clean_name
from core.text.normalization import COMPOSED_FACTOR, TOO_LONG
from core.text.parsing import (
    INTEGER_RULE,
    MAX_MEDIA_TYPE_LENGTH,
    MEDIA_TYPE_RULE,
    TIMESTAMP_RULE,
    is_media_type,
    parse_integer,
    parse_timestamp,
)
from core.text.translation import translated


class BoundedTextMixin:
    """Refuses a text that is too long before any other check."""

    max_length: int | None
    length_code: str

    @property
    def max_code_points(self) -> int:
        """The maximum number of code points."""
        return self.max_length or 0

    def run_validation(self, data: Any = empty) -> Any:
        """Return the value. Raises: ValidationError."""
        # Trimming and composing can still shorten the text.
        if isinstance(data, str) and len(data) > self.max_code_points * COMPOSED_FACTOR:
            self._refuse_length()
        return super().run_validation(data)  # type: ignore[misc]

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises: ValidationError if it is too long, before validators run."""
        text: str = super().to_internal_value(data)  # type: ignore[misc]
        if len(text) > self.max_code_points:
            self._refuse_length()
        return text

    def _refuse_length(self) -> NoReturn:
        message = self.error_messages["max_length"].format(  # type: ignore[attr-defined]
            max_length=self.max_code_points
        )
        raise serializers.ValidationError(message, self.length_code)


class TextField(BoundedTextMixin, serializers.CharField):
    """A text of at most ``max_length`` code points."""

    def __init__(self, *, max_length: int, length_code: str = "max_length", **options: Any) -> None:
        """Take CharField's options, and the error code for a text that is too long."""
        super().__init__(max_length=max_length, **options)
        self.length_code = length_code


class EmailField(BoundedTextMixin, serializers.EmailField):
    """An e-mail address in canonical form (core/text/email_addresses.py)."""

    length_code = "max_length"

    def __init__(self, *, max_length: int = MAX_EMAIL_LENGTH, **options: Any) -> None:
        """Take DRF's options."""
        super().__init__(max_length=max_length, **options)
        # Django's validator accepts other addresses and would report the same error twice.
        kept = [check for check in self.validators if not isinstance(check, EmailValidator)]
        self.validators = kept

    def to_internal_value(self, data: Any) -> str:
        """Return the canonical form. Raises: ValidationError."""
        text = super().to_internal_value(data)
        try:
            return canonical_address(text)
        except ValidationFailed as exc:
            raise to_drf_error(exc) from exc


class RegexField(BoundedTextMixin, serializers.RegexField):
    """A text that matches a pattern."""

    length_code = "max_length"

    def __init__(self, regex: Any, *, max_length: int, **options: Any) -> None:
        """Take DRF's options."""
        super().__init__(regex, max_length=max_length, **options)


class MediaTypeField(TextField):
    """A media type (RFC 9110 section 8.3.1)."""

    default_error_messages = {"invalid_media_type": MEDIA_TYPE_RULE}

    def __init__(self, **options: Any) -> None:
        """Take CharField's options."""
        super().__init__(max_length=MAX_MEDIA_TYPE_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the media type unchanged. Raises: ValidationError."""
        text = super().to_internal_value(data)
        if not is_media_type(text):
            self.fail("invalid_media_type")
        return text


class NameField(TextField):
    """The name of a user or an API key, cleaned by ``core.text.names.clean_name``."""

    def to_internal_value(self, data: Any) -> str:
        """Return the name in normal form C. Raises: ValidationError."""
        # The length is checked after composing.
        text = serializers.CharField.to_internal_value(self, data)
        if "\0" in text:
            return text  # DRF's own validator refuses it
        try:
            return clean_name(
                text, field="", max_length=self.max_code_points, required=not self.allow_blank
            )
        except ValidationFailed as exc:
            if exc.errors[0].code == TOO_LONG:
                self._refuse_length()
            raise to_drf_error(exc) from exc


class IntegerField(serializers.IntegerField):
    """An integer: a JSON number, or a text of ASCII digits."""

    default_error_messages = {"invalid": INTEGER_RULE}

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises: ValidationError."""
        if isinstance(data, int) and not isinstance(data, bool):
            return data
        if isinstance(data, float) and data.is_integer():  # 1.0 is an integer in JSON Schema
            return int(data)
        try:
            return parse_integer(data if isinstance(data, str) else "")
        except ValueError:
            self.fail("invalid")


class TimestampField(serializers.DateTimeField):
    """A time: an RFC 3339 date-time with an offset."""

    default_error_messages = {"invalid": TIMESTAMP_RULE}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time in UTC. Raises: ValidationError."""
        try:
            return parse_timestamp(value if isinstance(value, str) else "")
        except ValueError:
            self.fail("invalid")


class ExpiryField(TimestampField):
    """An optional time in the future; without one the value is None."""

    def __init__(self, **options: Any) -> None:
        """Take DRF's options."""
        defaults = {"required": False, "allow_null": True, "default": None}
        super().__init__(**{**defaults, "validators": [_validate_future], **options})


class ListField(serializers.ListField):
    """A list of at most ``max_length`` elements, counted before they are validated."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        """Take DRF's options."""
        super().__init__(max_length=max_length, **options)
        self.max_elements = max_length

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the elements. Raises: ValidationError."""
        if isinstance(data, list) and len(data) > self.max_elements:
            self.fail("max_length", max_length=self.max_elements)
        found: list[Any] = super().to_internal_value(data)
        return found


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses unknown fields instead of ignoring them.

    ``unknown`` is the error message.
    """

    unknown: ClassVar[str] = "There is no such field."

    def to_internal_value(self, data: Any) -> Any:
        """Return the declared fields. Raises: DRF's ValidationError for an unknown one."""
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
        help_text="With a second factor: a code of the authenticator app, or a recovery code.",
    )


def validated(serializer: type[Any], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the validated fields of a request. Raises: DRF's ValidationError."""
    return validated_data(serializer, request.data, partial=partial)


def validated_data(serializer: type[Any], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """Return the validated fields of ``data``. Raises: DRF's ValidationError."""
    bound = serializer(data=data, partial=partial)
    bound.is_valid(raise_exception=True)
    fields: dict[str, Any] = bound.validated_data
    return fields


def as_validator(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Return a field validator that applies a service's rule, so that one response has all errors.

    The field must bound the length of its text.
    """
    return field_validator(rule, to_drf_error)


def to_drf_error(problem: ValidationFailed) -> serializers.ValidationError:
    """Return the field errors of a service's rule as DRF's ValidationError."""
    details = [ErrorDetail(translated(error.detail), error.code) for error in problem.errors]
    return serializers.ValidationError(details)


def _validate_future(moment: datetime) -> None:
    if moment <= timezone.now():
        raise serializers.ValidationError("Give a time that is still to come.", "past")
