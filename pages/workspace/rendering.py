"""What all pages of the settings share: their second navigation, and forms that edit the tenant."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.api.own_tenant_serializers import own_tenant_etag
from accounts.own_tenant.services import update_own_tenant
from accounts.permissions import ACTIONS
from core.problems import PreconditionFailed, Problem
from pages.base import PageForm, with_problem_status
from pages.members import current_person, redirect_with_notice, render_member_page
from tenants.models import Tenant

# Name of the route, its title, and the action that it needs.
TABS = (
    ("settings-general", _("General"), "tenant:write"),
    ("settings-branding", _("Logo and colour"), "tenant:write"),
    ("settings-sign-in", _("Log-in rules"), "tenant:write"),
    ("settings-domains", _("Domains"), "domains:read"),
    ("settings-keys", _("API keys"), "keys:read"),
    ("settings-usage", _("Usage"), "usage:read"),
    ("audit", _("Audit trail"), "audit:read"),
    ("settings-support", _("Support"), "support:read"),
    ("settings-ownership", _("Ownership and end"), "tenant:transfer"),
)
NO_CONTEXT: Mapping[str, Any] = MappingProxyType({})
NOTICES: dict[str, Any] = {
    "saved": _("Your changes are saved."),
    "domain_added": _("The domain is claimed. Add the DNS record, then check it."),
    "domain_removed": _("The domain is removed."),
    "key_revoked": _("The key is revoked. It works no more."),
    "support_granted": _("Support has access now. You can end it here at any moment."),
    "support_refused": _("The request is refused."),
    "support_ended": _("The access has ended. Support sees nothing any more."),
    "transferred": _("The ownership has moved. You are an administrator now."),
}


class TenantForm(PageForm):
    """A form that changes the tenant; ``version`` detects a change by another person."""

    version = forms.CharField(max_length=100, widget=forms.HiddenInput, required=False)


def render_settings(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, tab: str, status: int = 200
) -> HttpResponse:
    """Render a page of the settings with the tabs that the person may open."""
    role = current_person(request).role
    tabs = [
        {"url": reverse(name), "title": title, "current": name == tab}
        for name, title, action in TABS
        if role in ACTIONS[action].roles
    ]
    values = {"tabs": tabs, **context}
    return render_member_page(
        request, template, values, nav="settings", notices=NOTICES, status=status
    )


def change_tenant(
    request: HttpRequest,
    form: PageForm,
    changes: dict[str, Any],
    *,
    template: str,
    tab: str,
    context: Mapping[str, Any] = NO_CONTEXT,
) -> HttpResponse:
    """Save the changes and return to the page, or show the form with the problem.

    ``context`` is what the page shows besides the form.

    Raises: ProofRequired for a change that protects less than before.
    """

    def check(tenant: Tenant) -> None:
        if form.cleaned_data["version"] != own_tenant_etag(tenant):
            raise PreconditionFailed

    try:
        update_own_tenant(actor=current_person(request), changes=changes, check=check)
    except PreconditionFailed as problem:
        form.add_error(None, _("Another person has changed these settings. Load the page again."))
        failed: Problem = problem
    except Problem as problem:
        if problem.code == "proof_required":
            raise
        _add_problem(form, problem)
        failed = problem
    else:
        return redirect_with_notice(reverse(tab), "saved")
    page = render_settings(request, template, {**context, "form": form}, tab=tab)
    return with_problem_status(page, failed)


def _add_problem(form: PageForm, problem: Problem) -> None:
    """Show errors of ``settings.name`` at the field ``name``."""
    named = [
        type(error)(error.field.removeprefix("settings."), error.code, error.detail)
        for error in problem.errors
    ]
    form.add_problem(type(problem)(problem.detail, errors=named))
