"""dash.: finds a workspace by its name, or mails the list of workspaces to an address."""

from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.email.tenant_lists import request_tenant_list
from core.forms import EmailAddressFormField
from core.problems import RateLimited
from core.rate_limits.limits import consume_by_address
from pages.base import PageForm, page, with_problem_status
from tenants.names import normalise_slug
from tenants.routing import site_url, tenant_for_host

MAX_INPUT_LENGTH = 300
TEMPLATE = "find_workspace.html"


class AddressForm(PageForm):
    """The address that the list is mailed to."""

    email = EmailAddressFormField(label=_("E-mail address"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["email"].widget.attrs["autocomplete"] = "email"


# Browsers apply form-action also to the redirect after a form.
@csp_update({"form-action": site_url("*")})
@never_cache
@page()
def find_workspace(request: HttpRequest) -> HttpResponse:
    """Redirect to the workspace that ``?workspace=`` names, or show the forms."""
    user_input = request.GET.get("workspace", "").strip()[:MAX_INPUT_LENGTH]
    if not user_input:
        return _render_forms(request, AddressForm())
    label = subdomain_from_input(user_input)
    tenant = tenant_for_host(label) if label else None
    if tenant is None or tenant.status == "deleting":
        return _render_forms(request, AddressForm(), asked=user_input, status=404)
    return redirect(site_url(tenant.slug))


@csp_update({"form-action": site_url("*")})
@never_cache
@page("GET", "POST")
def mail_workspaces(request: HttpRequest) -> HttpResponse:
    """Queue the list of workspaces of an address; the answer is the same for every address."""
    if request.method != "POST":
        return _render_forms(request, AddressForm())
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _render_forms(request, form, status=400)
    try:
        consume_by_address("tenant_list")
    except RateLimited as problem:
        form.add_problem(problem)
        return with_problem_status(_render_forms(request, form), problem)
    request_tenant_list(form.cleaned_data["email"])
    return render(request, "workspaces_mailed.html")


def subdomain_from_input(text: str) -> str:
    """Return the subdomain in a typed or pasted text; empty if there is none."""
    name = normalise_slug(text).partition("://")[2] or normalise_slug(text)
    host = name.partition("/")[0].partition(":")[0].rstrip(".")
    label = host.removesuffix(f".{settings.BASE_DOMAIN}")
    is_valid = label.replace("-", "").isalnum() and label.isascii()
    return label if is_valid else ""


def _render_forms(
    request: HttpRequest, form: AddressForm, *, asked: str = "", status: int = 200
) -> HttpResponse:
    context = {"form": form, "asked": asked, "workspace_pattern": site_url("*")}
    return render(request, TEMPLATE, context, status=status)
