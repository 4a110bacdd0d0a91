"""The context of the admin's home: each figure for staff who may see the list that it leads to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.charts import BarChart, bar_chart
from core.text.sizes import format_size
from staff.home import figures
from staff.home.services import disk, services
from tenants.queries import verified_trail_head

TENANTS = "admin:tenants_tenant_changelist"
EVENTS = "admin:audit_auditevent_changelist"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its title. ``kind`` is a kind of badge; ``url`` leads to the list."""

    title: str
    value: str
    url: str = ""
    kind: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with a sentence on its sum."""

    chart: BarChart
    sum: str
    url: str = ""


def home_context(request: HttpRequest) -> dict[str, Any]:
    """Return the figures that the user may see."""
    user: Any = request.user
    context: dict[str, Any] = {"services": services()}
    if _may_view(user, "tenants", "tenant"):
        context.update(_of_tenants())
    if _may_view(user, "tenants", "fleetrun"):
        context.update(migration=_migration_figures(), disk=disk())
    if _may_view(user, "audit", "auditevent"):
        context.update(trail=trail_figure(url=reverse(EVENTS)))
    return context


def _of_tenants() -> dict[str, Any]:
    counts, stored = figures.tenants_by_state(), figures.stored_now_and_by_day()
    return {
        "states": _state_figures(counts),
        "attention": [*_deletion_figures(counts), _mail_figure(counts, stored)],
        "charts": [_signup_chart(), _storage_chart(stored), _request_chart()],
    }


def _state_figures(counts: dict[str, int]) -> list[Figure]:
    return [
        Figure(_("Workspaces"), number_text(counts["all"]), reverse(TENANTS)),
        _state(_("are served"), counts, "serving", kind="good"),
        _state(_("suspended"), counts, "suspended", kind="warn"),
        _state(_("will be deleted"), counts, "scheduled", kind="warn"),
        _state(_("under maintenance"), counts, "broken", kind="bad"),
    ]


def _deletion_figures(counts: dict[str, int]) -> list[Figure]:
    return [
        _state(_("Deletions that are overdue"), counts, "overdue", kind="bad"),
        _state(_("Purges that are not finished"), counts, "deleting", kind="bad"),
        _state(_("Failed updates"), counts, "unmigrated", kind="bad"),
    ]


def _mail_figure(counts: dict[str, int], stored: figures.Stored) -> Figure:
    if stored.failed_emails is None:
        return Figure(_("Failed e-mails"), _("unknown"), hint=_("Housekeeping counts them."))
    hint = ngettext("in %d workspace", "in %d workspaces", counts["mail"]) % counts["mail"]
    number, kind = number_text(stored.failed_emails), "bad" if stored.failed_emails else ""
    return Figure(_("Failed e-mails"), number, f"{reverse(TENANTS)}?state=mail", kind, hint)


def _state(title: str, counts: dict[str, int], state: str, *, kind: str) -> Figure:
    count = counts[state]
    url = f"{reverse(TENANTS)}?state={state}"
    return Figure(title, number_text(count), url, kind if count else "")


def _signup_chart() -> Chart:
    days = figures.signups_by_day()
    count = figures.total(days)
    said = ngettext("%d in 30 days", "%d in 30 days", count) % count
    since = f"{reverse(TENANTS)}?created_at__gte={days[0][0].isoformat()}+00:00:00%2B00:00"
    return Chart(bar_chart(_("New workspaces"), days, number_text), said, since)


def _storage_chart(stored: figures.Stored) -> Chart:
    known = stored.storage_bytes
    said = _("unknown") if known is None else _("%s now") % format_size(known)
    by_size = f"{reverse(TENANTS)}?o=-5"
    return Chart(bar_chart(_("Storage"), stored.by_day, format_size), said, by_size)


def _request_chart() -> Chart:
    days = figures.requests_by_day()
    said = _("%s in 30 days") % number_text(figures.total(days))
    return Chart(bar_chart(_("Requests"), days, number_text), said)


def _migration_figures() -> list[Figure]:
    last, runs = figures.last_migration(), reverse("admin:tenants_fleetrun_changelist")
    if last is None:
        return [Figure(_("Last update of the schemas"), _("unknown"), runs)]
    page = reverse("admin:tenants_fleetrun_change", args=[last.run.pk])
    left = max(last.run.total - last.done - last.failed, 0)
    when = date_format(last.run.started_at, "SHORT_DATETIME_FORMAT")
    return [
        Figure(_("Last update of the schemas"), when, page),
        Figure(_("done"), number_text(last.done), page),
        Figure(_("failed"), number_text(last.failed), page, "bad" if last.failed else ""),
        Figure(_("not tried"), number_text(left), page, "warn" if left else ""),
    ]


def trail_figure(tenant_id: UUID | None = None, url: str = "") -> Figure:
    """Return the state of an audit trail's chain: the last verification and its result."""
    head, title = verified_trail_head(tenant_id), _("Audit trail verified")
    checked_at = (head.checked_at or head.verified_at) if head else None
    if head is None or checked_at is None:
        return Figure(title, _("not yet"), url, "warn")
    when = date_format(checked_at, "SHORT_DATETIME_FORMAT")
    if head.faults:
        text = ngettext("NOT WHOLE: %d fault", "NOT WHOLE: %d faults", head.faults)
        return Figure(title, when, url, "bad", text % head.faults)
    text = ngettext("whole, %d event", "whole, %d events", head.sequence)
    return Figure(title, when, url, "good", text % head.sequence)


def _may_view(user: Any, app: str, model: str) -> bool:
    return any(user.has_perm(f"{app}.{verb}_{model}") for verb in ("view", "change"))


def number_text(value: int) -> str:
    """Return a number with the separators of the user's language."""
    return str(number_format(value, use_l10n=True, force_grouping=True))
