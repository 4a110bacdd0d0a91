"""What a tenant may keep, on its page: shown to who may look, set by who may change."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tenants.limits import LIMIT_NAMES, MAX_LIMIT, limit_overrides
from tenants.models import Tenant


def _limit(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=MAX_LIMIT, required=False)


class LimitFields(forms.Form):
    """Fields for what is set apart for one tenant; together they are ``limits``."""

    storage_bytes = _limit(_("Storage in bytes"))
    storage_objects = _limit(_("Number of objects"))
    file_max_bytes = _limit(_("Largest file in bytes"))

    def show_limits(self, tenant: Tenant) -> None:
        """Begin with what is set."""
        for name, limit in limit_overrides(tenant.limits).items():
            self.fields[name].initial = limit

    def clean(self) -> dict[str, Any]:
        """Gather the limits as the service takes them; None for a blank."""
        found: dict[str, Any] = super().clean() or self.cleaned_data
        found["limits"] = {name: found.get(name) for name in LIMIT_NAMES}
        return found


class LimitColumns:
    """The same for whoever may look and not change."""

    @admin.display(description=_("Storage in bytes"))
    def storage_bytes(self, tenant: Tenant) -> int | None:
        """Return what was set for all objects together."""
        return limit_overrides(tenant.limits)["storage_bytes"]

    @admin.display(description=_("Number of objects"))
    def storage_objects(self, tenant: Tenant) -> int | None:
        """Return how many objects were allowed."""
        return limit_overrides(tenant.limits)["storage_objects"]

    @admin.display(description=_("Largest file in bytes"))
    def file_max_bytes(self, tenant: Tenant) -> int | None:
        """Return what was set for one file."""
        return limit_overrides(tenant.limits)["file_max_bytes"]
