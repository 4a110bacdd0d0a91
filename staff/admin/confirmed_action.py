"""Actions on tenants from their list, each with a confirmation page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.problems import Problem
from tenants.models import Tenant


class ConfirmationForm(forms.Form):
    """A form without fields; subclasses add some."""

    def __init__(self, data: Any, tenants: list[Tenant]) -> None:
        super().__init__(data, label_suffix="")
        self.tenants = tenants


@dataclass(frozen=True)
class ConfirmedAction:
    """An action: the texts of its page, the tenants that it applies to, its function."""

    action: str
    title: Any
    question: Any
    button: Any
    applies: Callable[[Tenant], bool]
    run: Callable[[Tenant, HttpRequest, dict[str, Any]], Any]
    form: type[ConfirmationForm] = ConfirmationForm
    dangerous: bool = False
    one_by_one: bool = False
    """Whether it accepts only one tenant at a time."""
    short: Any = ""
    """Its name on the page of a tenant, if that is not the text of its button."""


def run_confirmed(
    action: ConfirmedAction, modeladmin: Any, request: HttpRequest, selected: QuerySet[Tenant]
) -> HttpResponse | None:
    """Run the action if its page was confirmed, otherwise return that page."""
    tenants = list(selected.prefetch_related("domains"))
    applicable = [tenant for tenant in tenants if action.applies(tenant)]
    if not applicable:
        messages.warning(request, _("None of the chosen workspaces can be changed this way."))
        return _after(request, tenants)
    if action.one_by_one and len(applicable) > 1:
        messages.warning(request, _("Choose one workspace at a time for this."))
        return _after(request, tenants)
    form = action.form(request.POST if "confirm" in request.POST else None, applicable)
    if not form.is_valid():
        return _confirmation_page(action, modeladmin, request, form, len(tenants) - len(applicable))
    _run(action, modeladmin, request, form)
    return _after(request, tenants)


def _after(request: HttpRequest, tenants: list[Tenant]) -> HttpResponse | None:
    """Return to the page of the tenant if the action was chosen there; None is the list."""
    if _is_from_page(request) and tenants:
        return redirect(_page_of(tenants[0]))
    return None


def _is_from_page(request: HttpRequest) -> bool:
    """Tell whether the action was chosen on the page of a tenant and not in the list."""
    return "from_page" in request.POST


def _page_of(tenant: Tenant) -> str:
    return reverse("admin:tenants_tenant_change", args=[tenant.pk])


def _run(
    action: ConfirmedAction, modeladmin: Any, request: HttpRequest, form: ConfirmationForm
) -> None:
    count = 0
    for tenant in form.tenants:
        try:
            action.run(tenant, request, form.cleaned_data)
        except Problem as problem:
            messages.error(request, f"{tenant.name}: {_(problem.title)}")
            continue
        modeladmin.log_change(request, tenant, action.action)
        count += 1
    if count:
        text = ngettext("%d workspace was changed.", "%d workspaces were changed.", count) % count
        messages.success(request, text)


def _confirmation_page(
    action: ConfirmedAction,
    modeladmin: Any,
    request: HttpRequest,
    form: ConfirmationForm,
    left_out: int,
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": action.title,
        "action": action,
        "form": form,
        "tenants": form.tenants,
        "left_out": left_out,
        "opts": modeladmin.opts,
        "back_url": _page_of(form.tenants[0]) if _is_from_page(request) else "",
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/tenants/confirm.html", context)
