"""Actions in the admin's list of tenants, each with a confirmation page."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.text.normalization import timestamp, timestamp_or_none
from staff.actors import admin_actor
from staff.admin.confirmed_action import ConfirmationForm, ConfirmedAction, run_confirmed
from staff.admin.csv_export import Columns, csv_response
from tenants.domains.verification import check_domain
from tenants.lifecycle import (
    MAX_GRACE_DAYS,
    MAX_REASON_LENGTH,
    cancel_deletion,
    resume_tenant,
    schedule_deletion,
    suspend_tenant,
)
from tenants.models import Domain, Tenant
from tenants.problems import DomainTaken
from tenants.services import rotate_key
from tenants.states import TenantState, tenant_state


class SuspendForm(ConfirmationForm):
    """Asks for the reason of a suspension."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Everybody who comes to the workspace reads it."),
    )


class DeletionForm(ConfirmationForm):
    """Asks for the day of the purge, and for a typed confirmation."""

    days = forms.IntegerField(
        label=_("Days until it is deleted for good"),
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        help_text=_(
            "It answers nobody from now on. Until that day the deletion can be called off."
        ),
    )
    export = forms.BooleanField(label=_("Keep an archive of it"), required=False, initial=True)
    typed = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any, tenants: list[Tenant]) -> None:
        super().__init__(data, tenants)
        self.fields["days"].initial = settings.DELETION_GRACE_DAYS
        text = gettext("Type %(word)s to confirm")
        self.fields["typed"].label = text % {"word": self._word()}

    def clean_typed(self) -> str:
        """Raise ValidationError unless the tenant's word was typed."""
        typed = str(self.cleaned_data["typed"])
        if typed.strip().lower() != self._word().lower():
            raise forms.ValidationError(_("This is not the word that was asked for."), "mismatch")
        return typed

    def _word(self) -> str:
        [tenant] = self.tenants
        return tenant.slug or tenant.name


def _has_custom_domain(tenant: Tenant) -> bool:
    return any(not domain.is_label for domain in tenant.domains.all())


def _check(tenant: Tenant, request: HttpRequest) -> None:
    for domain in tenant.domains.all():
        if not domain.is_label:
            messages.info(request, _check_message(domain, request))


def _check_message(domain: Domain, request: HttpRequest) -> str:
    try:
        checked = check_domain(domain.pk, actor=admin_actor(request))
    except DomainTaken:
        return f"{gettext(DomainTaken.title)} ({domain.domain})"
    if checked.verified_at:
        return gettext("The domain %(domain)s is proved.") % {"domain": domain.domain}
    text = gettext("The domain %(domain)s is not proved: %(result)s.")
    return text % {"domain": domain.domain, "result": checked.check_result}


def _measured(name: str, tenant: Tenant) -> object:
    """Return a value of the last measurement; None without one."""
    return getattr(getattr(tenant, "usage", None), name, None)


def _can_be_scheduled(tenant: Tenant) -> bool:
    return tenant_state(tenant) not in {TenantState.SCHEDULED, TenantState.DELETING}


SUSPEND = ConfirmedAction(
    action="suspend",
    title=_("Suspend workspaces"),
    question=_("These workspaces will answer nobody from the next request on:"),
    button=_("Suspend"),
    form=SuspendForm,
    dangerous=True,
    applies=lambda tenant: tenant.status == Tenant.Status.ACTIVE,
    run=lambda tenant, request, data: suspend_tenant(
        tenant.pk, actor=admin_actor(request), reason=data["reason"]
    ),
)
RESUME = ConfirmedAction(
    action="resume",
    title=_("Resume workspaces"),
    question=_("These workspaces will be served again:"),
    button=_("Resume"),
    applies=lambda tenant: tenant.status == Tenant.Status.SUSPENDED,
    run=lambda tenant, request, data: resume_tenant(tenant.pk, actor=admin_actor(request)),
)
CHECK_DOMAINS = ConfirmedAction(
    action="check_domains",
    title=_("Check domains"),
    question=_("The DNS records of these workspaces will be looked up:"),
    button=_("Look up"),
    one_by_one=True,  # name servers may take seconds
    applies=_has_custom_domain,
    run=lambda tenant, request, data: _check(tenant, request),
)
ROTATE_KEY = ConfirmedAction(
    action="rotate_key",
    title=_("Change signing keys"),
    question=_("Everybody in these workspaces will have to log in again:"),
    button=_("Change the key"),
    dangerous=True,
    applies=lambda tenant: tenant_state(tenant) is not TenantState.DELETING,
    run=lambda tenant, request, data: rotate_key(tenant.pk, actor=admin_actor(request)),
)
DELETE = ConfirmedAction(
    action="schedule_deletion",
    title=_("Delete a workspace"),
    question=_("This workspace with all its people and files will be deleted:"),
    button=_("Delete it on that day"),
    short=_("Schedule the deletion"),
    form=DeletionForm,
    dangerous=True,
    one_by_one=True,
    applies=_can_be_scheduled,
    run=lambda tenant, request, data: schedule_deletion(
        tenant.pk, actor=admin_actor(request), days=data["days"], export=data["export"]
    ),
)
CANCEL_DELETION = ConfirmedAction(
    action="call_off_deletion",
    title=_("Call deletions off"),
    question=_("These workspaces will not be deleted, and answer as they did before:"),
    button=_("Call off"),
    applies=lambda tenant: tenant_state(tenant) is TenantState.SCHEDULED,
    run=lambda tenant, request, data: cancel_deletion(tenant.pk, actor=admin_actor(request)),
)
TENANT_ACTIONS = (SUSPEND, RESUME, CHECK_DOMAINS, ROTATE_KEY, DELETE, CANCEL_DELETION)

TENANT_COLUMNS: Columns = {
    "id": lambda tenant: tenant.pk,
    "name": lambda tenant: tenant.name,
    "subdomain": lambda tenant: tenant.slug,
    "state": lambda tenant: tenant_state(tenant).value,
    "registration": lambda tenant: tenant.registration,
    "created_at": lambda tenant: timestamp(tenant.created_at),
    "deletion_due_at": lambda tenant: timestamp_or_none(tenant.deletion_due_at),
    **{
        name: partial(_measured, name)
        for name in ("rows", "database_bytes", "objects_held", "object_bytes", "failed_emails")
    },
}


class TenantActions:
    """Actions that run after a confirmation page (staff/admin/confirmed_action.py)."""

    actions: tuple[Any, ...] = (
        "suspend",
        "resume",
        "check_domains",
        "rotate_key",
        "schedule_deletion",
        "call_off_deletion",
        "export_csv",
    )

    def has_schedule_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may schedule deletions, which does not delete a row of the list."""
        user: Any = request.user
        return bool(user.has_perm("tenants.delete_tenant"))

    @admin.action(description=_("Suspend selected workspaces"), permissions=["change"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Suspend the tenants; the confirmation page asks for the reason."""
        return run_confirmed(SUSPEND, self, request, queryset)

    @admin.action(description=_("Resume selected workspaces"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Resume the tenants."""
        return run_confirmed(RESUME, self, request, queryset)

    @admin.action(description=_("Check the domains of selected workspaces"), permissions=["change"])
    def check_domains(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Look up the DNS records of their custom domains."""
        return run_confirmed(CHECK_DOMAINS, self, request, queryset)

    @admin.action(
        description=_("Change the signing keys of selected workspaces"), permissions=["change"]
    )
    def rotate_key(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Change their signing keys, which ends all their tokens."""
        return run_confirmed(ROTATE_KEY, self, request, queryset)

    @admin.action(description=_("Delete the selected workspace"), permissions=["schedule"])
    def schedule_deletion(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Stop serving the tenant and set the day of its purge."""
        return run_confirmed(DELETE, self, request, queryset)

    @admin.action(
        description=_("Call off the deletion of selected workspaces"), permissions=["change"]
    )
    def call_off_deletion(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Cancel the scheduled deletions."""
        return run_confirmed(CANCEL_DELETION, self, request, queryset)

    @admin.action(description=_("Export selected workspaces as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponseBase:
        """Return the tenants as CSV, with their last measurement."""
        return csv_response("workspaces", TENANT_COLUMNS, queryset)
