"""Serializer fields for requests: bounded before anything else is done, and strict.

DRF checks the length of a text among its other validators, and that of a list after each of its
elements. Here what is too long is refused first. tests/structure/test_request_fields.py holds
every request to these fields.
"""

from datetime import datetime
from typing import Any, NoReturn

from django.core.validators import EmailValidator
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty

from core.problems import ValidationFailed
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


def to_drf_error(problem: ValidationFailed) -> serializers.ValidationError:
    """Return the faults of a service's rule as DRF's ValidationError."""
    details = [ErrorDetail(fault.detail, fault.code) for fault in problem.errors]
    return serializers.ValidationError(details)


class BoundedTextMixin:
    """The part of a text field that refuses what is too long before it is read."""

    max_length: int | None
    length_code: str

    @property
    def most(self) -> int:
        """How many code points the text may have."""
        return self.max_length or 0

    def run_validation(self, data: Any = empty) -> Any:
        """Return the value. Raises ValidationError, at once for a text that is far too long."""
        # White space around it and decomposed letters are still to go.
        if isinstance(data, str) and len(data) > self.most * COMPOSED_FACTOR:
            self._refuse_length()
        return super().run_validation(data)  # type: ignore[misc]

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for one that is too long, before validators."""
        text: str = super().to_internal_value(data)  # type: ignore[misc]
        if len(text) > self.most:
            self._refuse_length()
        return text

    def _refuse_length(self) -> NoReturn:
        said = self.error_messages["max_length"].format(  # type: ignore[attr-defined]
            max_length=self.most
        )
        raise serializers.ValidationError(said, self.length_code)


class TextField(BoundedTextMixin, serializers.CharField):
    """A text of at most ``max_length`` code points."""

    def __init__(self, *, max_length: int, length_code: str = "max_length", **options: Any) -> None:
        """Take CharField's options, and the code of the error for a text that is too long."""
        super().__init__(max_length=max_length, **options)
        self.length_code = length_code


class EmailField(BoundedTextMixin, serializers.EmailField):
    """An e-mail address, as ``core.text.email_addresses.canonical_address`` returns it."""

    length_code = "max_length"

    def __init__(self, *, max_length: int = MAX_EMAIL_LENGTH, **options: Any) -> None:
        """Take DRF's options."""
        super().__init__(max_length=max_length, **options)
        # Django's would refuse or take other addresses, and name the same fault twice.
        kept = [check for check in self.validators if not isinstance(check, EmailValidator)]
        self.validators = kept

    def to_internal_value(self, data: Any) -> str:
        """Return the canonical form. Raises ValidationError."""
        text = super().to_internal_value(data)
        try:
            return canonical_address(text)
        except ValidationFailed as exc:
            raise to_drf_error(exc) from exc


class RegexField(BoundedTextMixin, serializers.RegexField):
    """A text that a pattern matches."""

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
        """Return the media type as it was sent. Raises ValidationError."""
        text = super().to_internal_value(data)
        if not is_media_type(text):
            self.fail("invalid_media_type")
        return text


class NameField(TextField):
    """A name of a person or a key, as ``core.text.names.clean_name`` returns it."""

    def to_internal_value(self, data: Any) -> str:
        """Return the name in normal form C. Raises ValidationError."""
        # The length is looked at when the letters are composed.
        text = serializers.CharField.to_internal_value(self, data)
        if "\0" in text:
            return text  # DRF's own validator names it
        try:
            return clean_name(text, field="", max_length=self.most, required=not self.allow_blank)
        except ValidationFailed as exc:
            if exc.errors[0].code == TOO_LONG:
                self._refuse_length()
            raise to_drf_error(exc) from exc


class IntegerField(serializers.IntegerField):
    """A whole number: of JSON, or in ASCII digits."""

    default_error_messages = {"invalid": INTEGER_RULE}

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError."""
        if isinstance(data, int) and not isinstance(data, bool):
            return data
        if isinstance(data, float) and data.is_integer():  # 1.0 is one, by JSON Schema
            return int(data)
        try:
            return parse_integer(data if isinstance(data, str) else "")
        except ValueError:
            self.fail("invalid")


class TimestampField(serializers.DateTimeField):
    """A moment: an RFC 3339 date-time with its offset."""

    default_error_messages = {"invalid": TIMESTAMP_RULE}

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC. Raises ValidationError."""
        try:
            return parse_timestamp(value if isinstance(value, str) else "")
        except ValueError:
            self.fail("invalid")


class ListField(serializers.ListField):
    """A list of at most ``max_length`` elements, counted before any is looked at."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        """Take DRF's options."""
        super().__init__(max_length=max_length, **options)
        self.most = max_length

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the elements. Raises ValidationError."""
        if isinstance(data, list) and len(data) > self.most:
            self.fail("max_length", max_length=self.most)
        found: list[Any] = super().to_internal_value(data)
        return found
