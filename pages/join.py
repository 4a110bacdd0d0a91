"""The page of an invitation link, and what it shares with the page of open registration.

Opening a link consumes nothing: mail scanners open links too.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.registration import (
    register,
    request_registration,
    requires_email_confirmation,
)
from accounts.invitations.acceptance import get_pending_invitation
from accounts.models import Invitation
from accounts.problems import RegistrationClosed
from core.forms import EmailAddressFormField
from core.problems import Problem
from core.rate_limits.limits import consume_by_address
from pages.account_links import TokenForm, render_link_page, render_problem, token_from
from pages.base import new_password_field, page
from pages.members import browser_session, redirect_with_notice

TEMPLATE = "join.html"


class JoinForm(TokenForm):
    """Fields of a new user; without the address if the invitation names one."""

    email = EmailAddressFormField(label=_("E-mail address"))
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    password = new_password_field()

    def __init__(self, data: Any = None, *, address: str, **options: Any) -> None:
        super().__init__(data, **options)
        if address:
            del self.fields["email"]
        hints = {
            "email": "email",
            "first_name": "given-name",
            "last_name": "family-name",
        }
        for name in hints.keys() & self.fields.keys():
            self.fields[name].widget.attrs["autocomplete"] = hints[name]


@never_cache
@page("GET", "POST")
def join_page(request: HttpRequest) -> HttpResponse:
    """Show the form for name and password, or register the user."""
    token = token_from(request)
    try:
        invitation = get_pending_invitation(token)
        if request.method != "POST":
            form = JoinForm(initial={"token": token}, address=invitation.email)
            return render_link_page(request, TEMPLATE, _template_context(form, invitation))
        return _join(request, invitation, token)
    except RegistrationClosed as problem:
        return render_link_page(request, TEMPLATE, {"void": True}, status=problem.status)


def _join(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    form = JoinForm(request.POST, address=invitation.email)
    context = _template_context(form, invitation)
    if not form.is_valid():
        return render_link_page(request, TEMPLATE, context, status=400)
    fields = {"email": invitation.email, **form.cleaned_data}
    del fields["token"]
    try:
        consume_by_address("register")
        return register_person(request, TEMPLATE, fields, invitation=token)
    except RegistrationClosed:
        raise
    except Problem as problem:
        return render_problem(request, TEMPLATE, context, problem)


def register_person(
    request: HttpRequest, template: str, fields: dict[str, Any], *, invitation: str = ""
) -> HttpResponse:
    """Register a user and log the browser in, or mail the link that completes the registration.

    Raises: RegistrationClosed, ValidationFailed, EmailTaken.
    """
    if requires_email_confirmation(email=fields["email"], invitation=invitation):
        request_registration(**fields, invitation=invitation)
        return render_link_page(request, template, {"mailed": True})
    browser_session(request).open(register(**fields, invitation=invitation))
    return redirect_with_notice(reverse("workspace"), "joined")


def _template_context(form: JoinForm, invitation: Invitation) -> dict[str, Any]:
    return {"form": form, "address": invitation.email}
