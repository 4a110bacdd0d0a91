"""Read-only models: deletion certificates, fleet runs, the platform's audit trail."""

import json
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from core.db_backend.fields import folded_search_fields
from core.text.normalization import timestamp
from staff.admin.base import ReadOnlyAdminMixin, StaffModelAdmin
from staff.admin.csv_export import Columns, csv_response
from staff.admin.event_links import EventChangeList, add_links, linked
from staff.admin_site import site
from staff.home.page import trail_figure
from tenants.models import DeletionCertificate, FleetOutcome, FleetRun

EVENT_COLUMNS: Columns = {
    "at": lambda event: timestamp(event.at),
    **{
        name: attrgetter(name)
        for name in (
            *("id", "action", "actor_type", "actor_id", "actor_label"),
            *("target_type", "target_id", "target_label", "ip", "user_agent", "request_id"),
        )
    },
    "details": lambda event: json.dumps(event.details, ensure_ascii=False, sort_keys=True),
}


@admin.register(DeletionCertificate, site=site)
class DeletionCertificateAdmin(ReadOnlyAdminMixin, StaffModelAdmin):
    """Certificates of deleted tenants."""

    list_display = ("name", "subdomain", "purged_at", "digest")
    search_fields = (*folded_search_fields("name", "subdomain"), "=tenant_id", "=digest")
    list_filter = ("purged_at",)
    fields = ("name", "subdomain", "tenant_id", "purged_at", "digest", "readable_document")
    readonly_fields = ("readable_document",)
    show_full_result_count = False

    @admin.display(description=_("document"))
    def readable_document(self, certificate: DeletionCertificate) -> Any:
        """Return the document as indented JSON."""
        text = json.dumps(certificate.document, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html("<pre>{}</pre>", text)


class OutcomeInline(ReadOnlyAdminMixin, admin.TabularInline):  # type: ignore[type-arg]
    """The failed tenants of a run; thousands of others would fill the page."""

    model = FleetOutcome
    fields = ("slug", "succeeded", "seconds", "detail", "at")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = _("tenants that failed")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the outcomes that failed."""
        return super().get_queryset(request).filter(succeeded=False)


@admin.register(FleetRun, site=site)
class FleetRunAdmin(ReadOnlyAdminMixin, StaffModelAdmin):
    """Runs of commands over many tenants."""

    list_display = ("command", "started_at", "finished_at", "total", "done", "failed")
    list_filter = ("command", "started_at")
    fields = ("command", "arguments", "total", "done", "failed", "started_at", "finished_at")
    readonly_fields = ("done", "failed")
    inlines = (OutcomeInline,)
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("done"))
    def done(self, run: FleetRun) -> int:
        """Return the number of tenants that succeeded."""
        return run.outcomes.filter(succeeded=True).count()

    @admin.display(description=_("failed"))
    def failed(self, run: FleetRun) -> int:
        """Return the number of tenants that failed."""
        return run.outcomes.filter(succeeded=False).count()


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(ReadOnlyAdminMixin, StaffModelAdmin):
    """Audit events of the public schema."""

    list_display = ("at", "action", "actor", "target_type", "target", "ip")
    actions = ("export_csv",)
    list_filter = ("at", "actor_type", "target_type", "action")
    search_fields = (
        "action",
        *folded_search_fields("actor_label", "target_label"),
        "=target_id",
        "=request_id",
    )
    search_help_text = _("Action, who, what, or the exact id of a target or a request")
    fields = (
        "at",
        "action",
        "actor_type",
        "actor",
        "actor_id",
        "target_type",
        "target",
        "target_id",
        "ip",
        "user_agent",
        "request_id",
        "readable_details",
    )
    readonly_fields = ("actor", "target", "readable_details")
    list_per_page = 50
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the state of the chain above the list."""
        return super().changelist_view(request, {"trail": trail_figure(), **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return an event with links to its actor and its target."""
        event = super().get_object(request, object_id, from_field)
        add_links(request, [event] if event else [])
        return event

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[EventChangeList]:
        """Return the list with links to actors and targets."""
        return EventChangeList

    @admin.display(description=_("who"), ordering="actor_label")
    def actor(self, event: AuditEvent) -> Any:
        """Return the actor, as a link if it has a page that the user may see."""
        return linked(event.actor_label or event.actor_type, getattr(event, "actor_url", ""))

    @admin.display(description=_("what"), ordering="target_label")
    def target(self, event: AuditEvent) -> Any:
        """Return the target, as a link if it has a page that the user may see."""
        return linked(event.target_label or event.target_id, getattr(event, "target_url", ""))

    @admin.action(description=_("Export selected events as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        """Return the events as CSV."""
        return csv_response("audit-events", EVENT_COLUMNS, queryset)

    @admin.display(description=_("details"))
    def readable_details(self, event: AuditEvent) -> Any:
        """Return the details as indented JSON."""
        text = json.dumps(event.details, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html("<pre>{}</pre>", text)
