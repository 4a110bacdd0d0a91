"""Suspending and resuming tenants from their list, each after a page that asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from staff.actors import acting
from tenants.models import Tenant
from tenants.services import resume_tenant, suspend_tenant

REASON_LENGTH = 400


class SuspendForm(forms.Form):
    """Why tenants are suspended."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("Everybody who comes to the workspace reads it."),
    )


class ResumeForm(forms.Form):
    """Nothing but the confirmation is needed."""


@dataclass(frozen=True)
class Step:
    """One of the two actions."""

    action: str
    title: Any
    question: Any
    button: Any
    form: type[forms.Form]
    applies: Callable[[Tenant], bool]
    carry_out: Callable[[Tenant, HttpRequest, dict[str, Any]], Any]


SUSPEND = Step(
    action="suspend",
    title=_("Suspend workspaces"),
    question=_("These workspaces will answer nobody from the next request on:"),
    button=_("Suspend"),
    form=SuspendForm,
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
    form=ResumeForm,
    applies=lambda tenant: tenant.status == Tenant.Status.SUSPENDED,
    carry_out=lambda tenant, request, data: resume_tenant(tenant.pk, actor=acting(request)),
)


def confirmed(
    step: Step, modeladmin: Any, request: HttpRequest, chosen: QuerySet[Tenant]
) -> HttpResponse | None:
    """Carry the step out if its page has been confirmed, otherwise show that page."""
    tenants = list(chosen.prefetch_related("domains"))
    concerned = [tenant for tenant in tenants if step.applies(tenant)]
    form = step.form(request.POST if "confirm" in request.POST else None)
    if not concerned:
        messages.warning(request, _("None of the chosen workspaces can be changed this way."))
        return None
    if not form.is_valid():
        return _ask(step, modeladmin, request, form, concerned, len(tenants) - len(concerned))
    for tenant in concerned:
        step.carry_out(tenant, request, form.cleaned_data)
        modeladmin.log_change(request, tenant, step.action)
    count = len(concerned)
    text = ngettext("%d workspace was changed.", "%d workspaces were changed.", count) % count
    messages.success(request, text)
    return None


def _ask(
    step: Step,
    modeladmin: Any,
    request: HttpRequest,
    form: forms.Form,
    concerned: list[Tenant],
    left_out: int,
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": step.title,
        "step": step,
        "form": form,
        "tenants": concerned,
        "left_out": left_out,
        "opts": modeladmin.opts,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/tenants/confirm.html", context)
