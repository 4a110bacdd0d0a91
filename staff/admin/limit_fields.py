"""Limits of a tenant in the admin, entered and shown with units as by ``manage.py set_limits``."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.text.parsing import parse_integer
from core.text.sizes import exact_size, parse_size
from tenants.context import LIMIT_NAMES, MAX_LIMIT, UNLIMITED, limit_overrides
from tenants.models import Tenant

MAX_LENGTH = 40
LABELS = {
    "storage_bytes": _("Storage"),
    "storage_objects": _("Number of objects"),
    "file_max_bytes": _("Largest file"),
}
SIZES = {"storage_bytes", "file_max_bytes"}
SIZE_HELP = _("Such as 500 MB or 2 GiB (1 GB is 1000³ bytes, 1 GiB is 1024³).")
SIZE_RULE = _("%(label)s: give a size such as 500 MB, 2 GiB or 1048576.")
NUMBER_RULE = _("%(label)s: give a whole number such as 100000.")
RANGE_RULE = _("%(label)s: give at most %(most)s.")


class LimitField(forms.Field):
    """A limit: None for the default, 0 for no limit. Errors name the field."""

    def __init__(self, name: str) -> None:
        self.is_size = name in SIZES
        super().__init__(label=LABELS[name], required=False)

    def to_python(self, value: Any) -> int | None:
        """Return the number. Raises: ValidationError."""
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        rule = SIZE_RULE if self.is_size else NUMBER_RULE
        try:
            number = _parse(text, is_size=self.is_size)
        except ValueError as exc:
            raise ValidationError(rule, "invalid", {"label": self.label}) from exc
        if number > MAX_LIMIT:
            values = {"label": self.label, "most": _number(MAX_LIMIT, is_size=self.is_size)}
            raise ValidationError(RANGE_RULE, "max_value", values)
        return number

    def prepare_value(self, value: Any) -> Any:
        """Return a stored number with its unit; what was typed stays as it is."""
        return _number(value, is_size=self.is_size) if isinstance(value, int) else value


class LimitFields(forms.Form):
    """Fields for a tenant's own limits; ``clean`` combines them to ``limits``."""

    storage_bytes = LimitField("storage_bytes")
    storage_objects = LimitField("storage_objects")
    file_max_bytes = LimitField("file_max_bytes")

    def show_limits(self, tenant: Tenant) -> None:
        """Show the limits that are set, and the defaults of the others."""
        for name, limit in limit_overrides(tenant.limits).items():
            field = self.fields[name]
            field.initial = limit
            field.help_text = _help(name)

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data with ``limits``; a blank field is None."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        found["limits"] = {name: found.get(name) for name in LIMIT_NAMES}
        return found


class LimitColumns:
    """The limits as columns, for users who may only view tenants."""

    @admin.display(description=LABELS["storage_bytes"])
    def storage_bytes(self, tenant: Tenant) -> str:
        """Return the limit for all objects together."""
        return limit_text(tenant, "storage_bytes")

    @admin.display(description=LABELS["storage_objects"])
    def storage_objects(self, tenant: Tenant) -> str:
        """Return the limit for the number of objects."""
        return limit_text(tenant, "storage_objects")

    @admin.display(description=LABELS["file_max_bytes"])
    def file_max_bytes(self, tenant: Tenant) -> str:
        """Return the limit for one file."""
        return limit_text(tenant, "file_max_bytes")


def limit_text(tenant: Tenant, name: str) -> str:
    """Return a limit of a tenant with its unit, or the default."""
    own = limit_overrides(tenant.limits)[name]
    if own is None:
        return gettext("default: %(limit)s") % {"limit": _default(name)}
    return _limit(own, is_size=name in SIZES)


def _help(name: str) -> Any:
    blank = gettext("Blank is the default: %(limit)s. 0 is no limit.") % {"limit": _default(name)}
    return format_lazy("{} {}", SIZE_HELP, blank) if name in SIZES else blank


def _default(name: str) -> str:
    default = settings.TENANT_LIMITS[name]
    if name == "file_max_bytes" and not default:
        default = settings.FILE_MAX_BYTES
    return _limit(default, is_size=name in SIZES)


def _limit(limit: int, *, is_size: bool) -> str:
    return gettext("no limit") if limit == UNLIMITED else _number(limit, is_size=is_size)


def _number(number: int, *, is_size: bool) -> str:
    return exact_size(number) if is_size else str(number)


def _parse(text: str, *, is_size: bool) -> int:
    """Return the number of a text. Raises: ValueError."""
    if len(text) > MAX_LENGTH:
        raise ValueError(text)
    number = parse_size(text) if is_size else parse_integer(text)
    if number < 0:
        raise ValueError(text)
    return number
