"""Columns, filters and facts of tenants in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from staff.home.figures import state_conditions
from tenants.models import Tenant
from tenants.states import TenantState, tenant_state
from tenants.usage import requests_by_day


class StateFilter(admin.SimpleListFilter):
    """Filters tenants by their state."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return [
            ("serving", _("is served")),
            ("suspended", _("suspended")),
            ("scheduled", _("will be deleted")),
            ("overdue", _("deletion is overdue")),
            ("deleting", _("is being deleted")),
            ("broken", _("under maintenance")),
            ("unmigrated", _("an update failed")),
            ("mail", _("has failed e-mails")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        """Return the tenants in the selected state."""
        chosen = state_conditions().get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


def describe_state(tenant: Tenant) -> str:
    """Return the state of a tenant as a text."""
    state, due = tenant_state(tenant), tenant.deletion_due_at
    if state is TenantState.SCHEDULED and due is not None:
        day = date_format(due, "SHORT_DATE_FORMAT")
        return gettext("will be deleted on %(day)s") % {"day": day}
    words = {
        TenantState.SERVED: gettext("is served"),
        TenantState.MAINTENANCE: gettext("under maintenance"),
        TenantState.SUSPENDED: gettext("suspended"),
        TenantState.DELETING: gettext("is being deleted"),
    }
    return words[state]


def describe_size(tenant: Tenant) -> str:
    """Return the size of database and object store, as last measured."""
    usage = getattr(tenant, "usage", None)
    if usage is None:
        return "-"
    return f"{filesizeformat(usage.database_bytes)} + {filesizeformat(usage.object_bytes)}"


def describe_usage(tenant: Tenant) -> str:
    """Return the last measurement as a text."""
    usage = getattr(tenant, "usage", None)
    if usage is None:
        return gettext("Not measured yet.")
    text = gettext(
        "%(rows)s rows (%(database)s), %(objects)s objects (%(size)s), measured at %(time)s"
    )
    return text % {
        "rows": usage.rows,
        "database": filesizeformat(usage.database_bytes),
        "objects": usage.objects_held,
        "size": filesizeformat(usage.object_bytes),
        "time": date_format(usage.measured_at, "DATETIME_FORMAT"),
    }


def describe_requests(tenant: Tenant) -> str:
    """Return the requests of the last 30 days, and of the last day with requests."""
    days = requests_by_day(tenant.pk)
    if not days:
        return gettext("None in the last 30 days.")
    last = list(days)[-1]
    text = gettext("%(sum)s in the last 30 days, %(count)s on %(day)s (UTC)")
    return text % {"sum": sum(days.values()), "count": days[last], "day": last}


class TenantColumns:
    """Computed columns of the list and the page of tenants."""

    @admin.display(description=_("state"), ordering="status")
    def state(self, tenant: Tenant) -> str:
        """Return the state."""
        return describe_state(tenant)

    @admin.display(description=_("database + objects"), ordering="usage__database_bytes")
    def size(self, tenant: Tenant) -> str:
        """Return the size."""
        return describe_size(tenant)

    @admin.display(description=_("holds"))
    def usage_in_words(self, tenant: Tenant) -> str:
        """Return the last measurement."""
        return describe_usage(tenant)

    @admin.display(description=_("requests"))
    def requests_in_words(self, tenant: Tenant) -> str:
        """Return the number of requests."""
        return describe_requests(tenant)
