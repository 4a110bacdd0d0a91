"""Creates a workspace with a form, without an API client."""

from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.login import log_out
from accounts.auth.login_tickets import create_login_ticket
from accounts.auth.signup import sign_up
from core.forms import EmailAddressFormField
from core.problems import NotFound, Problem
from core.rate_limits.limits import consume_by_address
from pages.auth.ticket import set_ticket_cookie, ticket_from_cookie
from pages.base import PageForm, new_password_field, page, with_problem_status
from tenants.context import TenantRef, tenant_context
from tenants.routing import site_url

SIGNED_UP_SALT = "aggios.opened-workspace"
SIGNED_UP_SECONDS = 3600


class SignUpForm(PageForm):
    """Fields of a sign-up."""

    company = forms.CharField(label=_("Agency"), max_length=120)
    subdomain = forms.CharField(label=_("Address of the workspace"), max_length=63)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    email = EmailAddressFormField(label=_("E-mail address"))
    password = new_password_field()

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        hints = {
            "company": "organization",
            "first_name": "given-name",
            "last_name": "family-name",
            "email": "email",
            "subdomain": "off",
        }
        for name, hint in hints.items():
            self.fields[name].widget.attrs["autocomplete"] = hint
        self.fields["subdomain"].widget.attrs.update(autocapitalize="none", spellcheck="false")


@never_cache
@page("GET", "POST")
def sign_up_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or create a workspace and redirect to the page with its address."""
    if request.method != "POST":
        return render(request, "signup.html", {"form": SignUpForm()})
    form = SignUpForm(request.POST)
    if not form.is_valid():
        return render(request, "signup.html", {"form": form}, status=400)
    try:
        consume_by_address("signup")
        tenant, ticket = _create_workspace(form.cleaned_data)
    except Problem as problem:
        return _render_problem(request, form, problem)
    response = redirect(
        f"{reverse('signed-up')}?opened={signing.dumps(tenant.slug, salt=SIGNED_UP_SALT)}"
    )
    set_ticket_cookie(response, tenant.slug, ticket)
    return response


def _create_workspace(fields: dict[str, Any]) -> tuple[TenantRef, str]:
    """Return the new tenant, and a ticket that logs its owner in on the tenant's host."""
    tenant, new_session = sign_up(**fields)
    with tenant_context(tenant):
        # The ticket opens a session when it is used; it may never be.
        log_out(new_session.session, actor=new_session.user)
        return tenant, create_login_ticket(new_session.user)


def _render_problem(request: HttpRequest, form: SignUpForm, problem: Problem) -> HttpResponse:
    if problem.status >= 500:
        raise problem
    form.add_problem(problem)
    return with_problem_status(render(request, "signup.html", {"form": form}), problem)


@never_cache
@page()
def signed_up_page(request: HttpRequest) -> HttpResponse:
    """Show the address of the new workspace, and a form that logs its owner in there."""
    try:
        slug = signing.loads(
            request.GET.get("opened", ""), salt=SIGNED_UP_SALT, max_age=SIGNED_UP_SECONDS
        )
    except signing.BadSignature as exc:
        raise NotFound from exc
    address, ticket = site_url(slug), ticket_from_cookie(request, slug)
    response = render(request, "signed_up.html", {"address": address, "ticket": ticket})
    # The form goes to another origin. With ``same-origin`` the browser would send "Origin: null".
    response.headers["Referrer-Policy"] = "strict-origin"
    response._csp_update = {"form-action": [address]}  # type: ignore[attr-defined]
    return response
