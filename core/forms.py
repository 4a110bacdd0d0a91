"""Fields of HTML forms, with translated messages."""

from typing import Any

from django import forms
from django.core.validators import EmailValidator

from core.problems import ValidationFailed
from core.text.email_addresses import MAX_EMAIL_LENGTH, canonical_address
from core.text.translation import translated


class EmailAddressFormField(forms.EmailField):
    """An e-mail address in canonical form (core/text/email_addresses.py)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": MAX_EMAIL_LENGTH, **options})
        # Django's validator accepts other addresses and would report the same error twice.
        kept = [check for check in self.validators if not isinstance(check, EmailValidator)]
        self.validators = kept

    def to_python(self, value: Any) -> str:
        """Return the canonical form, or an empty string. Raises forms.ValidationError."""
        text = str(super().to_python(value))
        if text in self.empty_values:
            return text
        try:
            return canonical_address(text)
        except ValidationFailed as exc:
            errors = [forms.ValidationError(translated(f.detail), f.code) for f in exc.errors]
            raise forms.ValidationError(errors) from exc
