"""What the page of one tenant shows above its form: state, people, usage, domains, audit events.

It reads the schema of this one tenant by ``settings.TENANT_REPORT``: staff imports no accounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.queries import EventFilter, find_events
from core.charts import BarChart, bar_chart
from core.text.sizes import format_size
from staff.admin.event_links import add_links
from staff.admin.support_access import support_url
from staff.admin.tenant_actions import TENANT_ACTIONS
from staff.admin.tenant_columns import describe_state
from staff.home.page import Figure, number_text, trail_figure
from staff.support_access import may_ask
from tenants.models import Tenant
from tenants.states import TenantState, tenant_state
from tenants.usage_history import usage_history

EVENTS = 10
ROLES = {
    "owner": gettext_lazy("Owners"),
    "admin": gettext_lazy("Administrators"),
    "member": gettext_lazy("Members"),
}
KINDS = {
    TenantState.SERVED: "good",
    TenantState.SUSPENDED: "warn",
    TenantState.SCHEDULED: "warn",
    TenantState.MAINTENANCE: "bad",
    TenantState.DELETING: "bad",
}
DOMAIN_STATES = {
    "primary": gettext_lazy("primary"),
    "answers": gettext_lazy("answers"),
    "redirected": gettext_lazy("redirected"),
    "claimed": gettext_lazy("not proved"),
    "proved": gettext_lazy("proved"),
    "proved without its record": gettext_lazy("proved, but its record is missing"),
}


@dataclass(frozen=True, slots=True)
class Meter:
    """A quantity against its limit; without a limit only the text is shown."""

    label: str
    used: int
    limit: int | None
    said: str


def overview(modeladmin: Any, request: HttpRequest, tenant: Tenant) -> Any:
    """Return the overview, which is read when the template shows it.

    That is after the admin's transaction, which a failed query would abort.
    """
    return SimpleLazyObject(lambda: _overview(modeladmin, request, tenant))


def _overview(modeladmin: Any, request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    report = cast("Callable[[Tenant], dict[str, Any]]", import_string(settings.TENANT_REPORT))(
        tenant
    )
    user: Any = request.user
    return {
        "actions": _actions(modeladmin, request, tenant),
        "list_url": reverse("admin:tenants_tenant_changelist"),
        "tenant_id": str(tenant.pk),
        "may_change": modeladmin.has_change_permission(request, tenant),
        "support_url": support_url(tenant) if may_ask(user) else "",
        "state": _state_figure(tenant),
        "suspended_reason": tenant.suspended_reason,
        "maintenance_note": tenant.maintenance_note,
        "people": _people(report),
        "owners": (report["inside"] or {}).get("owners", []),
        "is_readable": report["inside"] is not None,
        "meters": _meters(report),
        "charts": _charts(tenant),
        "domains": [_domain(row) for row in report["domains"]],
        "trail": trail_figure(tenant.pk),
        "events": _events(request, tenant) if user.has_perm("audit.view_auditevent") else None,
        "events_url": f"{reverse('admin:audit_auditevent_changelist')}?q={tenant.pk}",
    }


def _actions(modeladmin: Any, request: HttpRequest, tenant: Tenant) -> list[dict[str, Any]]:
    """Return the actions that the user may run and that apply to the tenant now."""
    allowed = modeladmin.get_actions(request)
    return [
        {
            "name": action.action,
            "label": action.short or action.button,
            "dangerous": action.dangerous,
        }
        for action in TENANT_ACTIONS
        if action.action in allowed and action.applies(tenant)
    ]


def _state_figure(tenant: Tenant) -> Figure:
    return Figure(_("State"), describe_state(tenant), kind=KINDS[tenant_state(tenant)])


def _people(report: dict[str, Any]) -> list[Figure]:
    inside = report["inside"]
    if inside is None:
        return []
    by_role = [
        Figure(str(ROLES.get(role, role)), number_text(counts["active"]), hint=_inactive(counts))
        for role, counts in inside["people"].items()
    ]
    failed = inside["failed_emails"]
    return [
        *by_role,
        Figure(_("Sessions"), number_text(inside["active_sessions"])),
        Figure(_("E-mails waiting"), number_text(inside["waiting_emails"])),
        Figure(_("Failed e-mails"), number_text(failed), kind="bad" if failed else ""),
    ]


def _inactive(counts: dict[str, int]) -> str:
    count = counts["inactive"]
    return _("%s deactivated") % number_text(count) if count else ""


def _meters(report: dict[str, Any]) -> list[Meter]:
    limits, measured = report["limits"]["effective"], report["measured"] or {}
    stored = (report["inside"] or {}).get("storage", {})
    size = stored.get("used_bytes", measured.get("object_bytes")) or 0
    objects = stored.get("used_objects", measured.get("objects")) or 0
    found = [
        _meter(_("Storage"), size, limits["storage_bytes"], format_size),
        _meter(_("Objects"), objects, limits["storage_objects"], number_text),
    ]
    if measured:
        said = _("%(size)s, %(rows)s rows, measured at %(time)s") % {
            "size": format_size(measured["database_bytes"]),
            "rows": number_text(measured["rows"]),
            "time": _time(measured["measured_at"]),
        }
        found.append(Meter(_("Database"), measured["database_bytes"], None, said))
    return found


def _meter(label: str, used: int, limit: int | None, text_of: Callable[[int], str]) -> Meter:
    if limit is None:
        return Meter(label, used, None, _("%s, no limit") % text_of(used))
    said = _("%(used)s of %(limit)s") % {"used": text_of(used), "limit": text_of(limit)}
    return Meter(label, used, limit, said)


def _charts(tenant: Tenant) -> list[BarChart]:
    days = usage_history(tenant.pk)
    return [
        bar_chart(_("Storage"), [(day.day, day.storage_bytes) for day in days], format_size),
        bar_chart(_("Requests"), [(day.day, day.requests) for day in days], number_text),
    ]


def _domain(row: Any) -> dict[str, Any]:
    works = row["state"] not in {"claimed", "proved without its record"}
    return {
        "name": row["domain"],
        "state": DOMAIN_STATES.get(row["state"], row["state"]),
        "works": works,
        "certificate": _certificate(row),
        "checked": _time(row["checked_at"]) if row["checked_at"] else "-",
    }


def _certificate(row: Any) -> str:
    """Return who certifies the name. Traefik holds the certificates; nothing of them is stored."""
    if row["kind"] == "subdomain":
        return _("the platform's")
    if row["state"] == "claimed":
        return _("none before the proof")
    if settings.DOMAIN_CERT_RESOLVER:
        return _("requested by the proxy (%s)") % settings.DOMAIN_CERT_RESOLVER
    return _("self-signed: no resolver is set")


def _events(request: HttpRequest, tenant: Tenant) -> list[Any]:
    events = list(find_events(EventFilter(target=str(tenant.pk)))[:EVENTS])
    add_links(request, events)
    return events


def _time(text: str) -> str:
    moment = parse_datetime(text)
    return date_format(moment, "SHORT_DATETIME_FORMAT") if moment else text
