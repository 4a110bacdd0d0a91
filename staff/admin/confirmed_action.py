"""What is done to tenants from their list, each after a page that asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.problems import Problem
from tenants.models import Tenant


class ConfirmationForm(forms.Form):
    """Nothing but the confirmation is asked for; others add fields."""

    def __init__(self, data: Any, tenants: list[Tenant]) -> None:
        super().__init__(data, label_suffix="")
        self.tenants = tenants


@dataclass(frozen=True)
class ConfirmedAction:
    """One of the actions: what its page says, to which tenants it applies, what it does."""

    action: str
    title: Any
    question: Any
    button: Any
    applies: Callable[[Tenant], bool]
    carry_out: Callable[[Tenant, HttpRequest, dict[str, Any]], Any]
    form: type[ConfirmationForm] = ConfirmationForm
    grave: bool = False
    one_by_one: bool = False
    """Whether it is done to one tenant at a time only."""


def run_confirmed(
    step: ConfirmedAction, modeladmin: Any, request: HttpRequest, chosen: QuerySet[Tenant]
) -> HttpResponse | None:
    """Carry the step out if its page has been confirmed, otherwise show that page."""
    tenants = list(chosen.prefetch_related("domains"))
    concerned = [tenant for tenant in tenants if step.applies(tenant)]
    if not concerned:
        messages.warning(request, _("None of the chosen workspaces can be changed this way."))
        return None
    if step.one_by_one and len(concerned) > 1:
        messages.warning(request, _("Choose one workspace at a time for this."))
        return None
    form = step.form(request.POST if "confirm" in request.POST else None, concerned)
    if not form.is_valid():
        return _confirmation_page(step, modeladmin, request, form, len(tenants) - len(concerned))
    _run(step, modeladmin, request, form)
    return None


def _run(
    step: ConfirmedAction, modeladmin: Any, request: HttpRequest, form: ConfirmationForm
) -> None:
    count = 0
    for tenant in form.tenants:
        try:
            step.carry_out(tenant, request, form.cleaned_data)
        except Problem as problem:
            messages.error(request, f"{tenant.name}: {_(problem.title)}")
            continue
        modeladmin.log_change(request, tenant, step.action)
        count += 1
    if count:
        text = ngettext("%d workspace was changed.", "%d workspaces were changed.", count) % count
        messages.success(request, text)


def _confirmation_page(
    step: ConfirmedAction,
    modeladmin: Any,
    request: HttpRequest,
    form: ConfirmationForm,
    left_out: int,
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": step.title,
        "step": step,
        "form": form,
        "tenants": form.tenants,
        "left_out": left_out,
        "opts": modeladmin.opts,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/tenants/confirm.html", context)
