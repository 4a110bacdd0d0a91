"""Suspending and resuming tenants."""

from django import forms
from django.utils.translation import gettext_lazy as _

from staff.actors import admin_actor
from staff.admin.confirmed_action import ConfirmationForm, ConfirmedAction
from tenants.models import Tenant
from tenants.services import MAX_REASON_LENGTH, resume_tenant, suspend_tenant


class SuspendForm(ConfirmationForm):
    """Why tenants are suspended."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Everybody who comes to the workspace reads it."),
    )


SUSPEND = ConfirmedAction(
    action="suspend",
    title=_("Suspend workspaces"),
    question=_("These workspaces will answer nobody from the next request on:"),
    button=_("Suspend"),
    form=SuspendForm,
    grave=True,
    applies=lambda tenant: tenant.status == Tenant.Status.ACTIVE,
    carry_out=lambda tenant, request, data: suspend_tenant(
        tenant.pk, actor=admin_actor(request), reason=data["reason"]
    ),
)
RESUME = ConfirmedAction(
    action="resume",
    title=_("Resume workspaces"),
    question=_("These workspaces will be served again:"),
    button=_("Resume"),
    applies=lambda tenant: tenant.status == Tenant.Status.SUSPENDED,
    carry_out=lambda tenant, request, data: resume_tenant(tenant.pk, actor=admin_actor(request)),
)
