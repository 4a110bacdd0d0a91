"""The page that an invitation leads to. Looking at it uses nothing up: mail scanners look too."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.login import log_out, register
from accounts.auth.registration import ask_to_join, confirms_first
from accounts.invitations.acceptance import good_invitation
from accounts.models import Invitation
from accounts.problems import RegistrationClosed
from aggios.pages.form import new_password
from core.forms import EmailAddressFormField
from core.problems import Problem
from core.rate_limits.limits import take_by_address
from pages.account_links import LinkForm, refused, shown, token_of
from pages.base import page

TEMPLATE = "join.html"


class JoinForm(LinkForm):
    """Who joins. Without a field for the address when the invitation is for one."""

    email = EmailAddressFormField(label=_("E-mail address"))
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    password = new_password()

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
    """Show whose workspace it is and ask for a name and a password, or let somebody join."""
    token = token_of(request)
    try:
        invitation = good_invitation(token)
        if request.method != "POST":
            form = JoinForm(initial={"token": token}, address=invitation.email)
            return shown(request, TEMPLATE, _context(form, invitation))
        return _join(request, invitation, token)
    except RegistrationClosed as problem:
        return shown(request, TEMPLATE, {"void": True}, status=problem.status)


def _join(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    form = JoinForm(request.POST, address=invitation.email)
    context = _context(form, invitation)
    if not form.is_valid():
        return shown(request, TEMPLATE, context, status=400)
    fields = {"email": invitation.email, **form.cleaned_data}
    del fields["token"]
    try:
        take_by_address("register")
        if confirms_first(email=fields["email"], invitation=token):
            ask_to_join(**fields, invitation=token)
            return shown(request, TEMPLATE, {"mailed": True})
        opened = register(**fields, invitation=token)
    except RegistrationClosed:
        raise
    except Problem as problem:
        return refused(request, TEMPLATE, context, problem)
    # The page hands out no tokens, so the session that came with them has no use.
    log_out(opened.session, actor=opened.user)
    return shown(request, TEMPLATE, {"done": True})


def _context(form: JoinForm, invitation: Invitation) -> dict[str, Any]:
    return {"form": form, "address": invitation.email}
