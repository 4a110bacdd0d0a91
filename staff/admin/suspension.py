"""Suspending and resuming tenants."""

from django import forms
from django.utils.translation import gettext_lazy as _

from staff.actors import acting
from staff.admin.confirmed_action import Step, StepForm
from tenants.models import Tenant
from tenants.services import LONGEST_REASON, resume_tenant, suspend_tenant


class SuspendForm(StepForm):
    """Why tenants are suspended."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Everybody who comes to the workspace reads it."),
    )


SUSPEND = Step(
    action="suspend",
    title=_("Suspend workspaces"),
    question=_("These workspaces will answer nobody from the next request on:"),
    button=_("Suspend"),
    form=SuspendForm,
    grave=True,
    applies=lambda tenant: tenant.status == Tenant.Status.ACTIVE,
    carry_out=lambda tenant, request, data: suspend_tenant(
        tenant.pk, actor=acting(request), reason=data["reason"]
    ),
)
RESUME = Step(
    action="resume",
    title=_("Resume workspaces"),
    question=_("These workspaces will be served again:"),
    button=_("Resume"),
    applies=lambda tenant: tenant.status == Tenant.Status.SUSPENDED,
    carry_out=lambda tenant, request, data: resume_tenant(tenant.pk, actor=acting(request)),
)
