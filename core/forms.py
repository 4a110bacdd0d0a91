"""Fields of HTML forms, with translated messages."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.forms.utils import flatatt
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.field_validators import field_validator
from core.problems import ValidationFailed
from core.text.email_addresses import MAX_EMAIL_LENGTH, canonical_address
from core.text.translation import translated


def as_form_validator(rule: Callable[[str], object]) -> Callable[[str], None]:
    """Return a validator of a form field that applies a rule of a service."""
    return field_validator(rule, to_form_error)


def to_form_error(problem: ValidationFailed) -> forms.ValidationError:
    """Return the field errors of a service's rule as Django's ValidationError."""
    errors = [
        forms.ValidationError(translated(error.detail), error.code) for error in problem.errors
    ]
    return forms.ValidationError(errors)


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
            raise to_form_error(exc) from exc


class LongSelect(forms.Select):
    """A selection of hundreds of options. Django renders a template for each of them."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the element with its options."""
        shown = self.get_context(name, value, attrs)["widget"]
        texts = {"name": shown["name"], **shown["attrs"]}
        attributes = flatatt(texts)
        groups = "\n".join(_group(label, options) for label, options, _ in shown["optgroups"])
        # Each value is escaped where it is inserted.
        return mark_safe(f"<select{attributes}>{groups}</select>")  # noqa: S308


def _group(label: Any, options: list[dict[str, Any]]) -> str:
    found = "\n".join(
        f'<option value="{escape(one["value"])}"{" selected" if one["selected"] else ""}>'
        f"{escape(one['label'])}</option>"
        for one in options
    )
    return f'<optgroup label="{escape(label)}">{found}</optgroup>' if label else found
