"""The platform's audit trail, to be read."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from core.db_backend.fields import folded_search_fields
from staff.admin.base import StaffModelAdmin
from staff.admin_site import site


@admin.register(AuditEvent, site=site)
class AuditEventAdmin(StaffModelAdmin):
    """Events of the public schema. Nothing here can be added, changed or deleted."""

    list_display = ("at", "action", "actor_label", "target_type", "target_label", "ip")
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
        "actor_label",
        "actor_id",
        "target_type",
        "target_label",
        "target_id",
        "ip",
        "user_agent",
        "request_id",
        "readable_details",
    )
    readonly_fields = ("readable_details",)
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("details"))
    def readable_details(self, event: AuditEvent) -> Any:
        """Return the details as indented JSON."""
        text = json.dumps(event.details, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html("<pre>{}</pre>", text)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Events are added by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes what has happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes what has happened."""
        return False
