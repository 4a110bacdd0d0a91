"""The page of an invitation link. Opening it consumes nothing: mail scanners open links too."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.login import log_out
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
        if requires_email_confirmation(email=fields["email"], invitation=token):
            request_registration(**fields, invitation=token)
            return render_link_page(request, TEMPLATE, {"mailed": True})
        new_session = register(**fields, invitation=token)
    except RegistrationClosed:
        raise
    except Problem as problem:
        return render_problem(request, TEMPLATE, context, problem)
    # The page returns no tokens, so the new session is of no use.
    log_out(new_session.session, actor=new_session.user)
    return render_link_page(request, TEMPLATE, {"done": True})


def _template_context(form: JoinForm, invitation: Invitation) -> dict[str, Any]:
    return {"form": form, "address": invitation.email}
