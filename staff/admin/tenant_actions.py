"""The actions in the list of tenants, and who may take them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from staff.admin.confirmed_action import run_confirmed
from staff.admin.leaving import CANCEL_DELETION, DELETE, ROTATE_KEY
from staff.admin.proofs import CHECK_DOMAINS
from staff.admin.suspension import RESUME, SUSPEND
from tenants.models import Tenant


class TenantActions:
    """Each is carried out after a page that asks (staff/admin/confirmed_action.py)."""

    actions: tuple[Any, ...] = (
        "suspend",
        "resume",
        "check_domains",
        "rotate_key",
        "schedule_deletion",
        "call_off_deletion",
    )

    def has_schedule_permission(self, request: HttpRequest) -> bool:
        """Tell whether a deletion may be scheduled; that is not deleting a row of this list."""
        user: Any = request.user
        return bool(user.has_perm("tenants.delete_tenant"))

    @admin.action(description=_("Suspend selected workspaces"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Refuse every request to them, after a page that asks for the reason."""
        return run_confirmed(SUSPEND, self, request, queryset)

    @admin.action(description=_("Resume selected workspaces"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Serve them again, after a page that asks."""
        return run_confirmed(RESUME, self, request, queryset)

    @admin.action(description=_("Check the domains of selected workspaces"), permissions=["change"])
    def check_domains(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Look the records of their custom domains up, after a page that asks."""
        return run_confirmed(CHECK_DOMAINS, self, request, queryset)

    @admin.action(
        description=_("Change the signing keys of selected workspaces"), permissions=["change"]
    )
    def rotate_key(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """End every token of theirs, after a page that asks."""
        return run_confirmed(ROTATE_KEY, self, request, queryset)

    @admin.action(description=_("Delete the selected workspace"), permissions=["schedule"])
    def schedule_deletion(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Take it off the air and set the day of its purge, after a page that asks."""
        return run_confirmed(DELETE, self, request, queryset)

    @admin.action(
        description=_("Call off the deletion of selected workspaces"), permissions=["change"]
    )
    def call_off_deletion(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Serve them as before, after a page that asks."""
        return run_confirmed(CANCEL_DELETION, self, request, queryset)
