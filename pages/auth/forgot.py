"""The page that mails a link for a new password."""

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.email.rendering import human_duration
from accounts.passwords.services import request_password_reset
from core.problems import Problem
from core.rate_limits.limits import consume, consume_by_address
from core.request_context import limit_key, request_context
from core.text.email_addresses import MAX_EMAIL_LENGTH, address_key
from pages.base import PageForm, page, with_problem_status
from pages.members import redirect_with_notice, render_member_page
from tenants.context import current_tenant

NOTICES = {"mailed": _("Look into your mailbox")}


class ForgotForm(PageForm):
    """The e-mail address of an account."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )


@never_cache
@page("GET", "POST")
def forgot_password_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or queue the e-mail. The answer is the same for every address."""
    if request.method != "POST":
        return _render(request, ForgotForm())
    form = ForgotForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=400)
    try:
        _request_reset(form.cleaned_data["email"])
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    return redirect_with_notice(reverse("forgot-password-page"), "mailed")


def _request_reset(email: str) -> None:
    """Queue the e-mail within the limits of ``POST /api/auth/password/forgot``."""
    consume_by_address("forgot")
    address = limit_key(request_context().client_address)
    consume("forgot_account", str(current_tenant().id), address_key(email), address)
    request_password_reset(email=email)


def _render(request: HttpRequest, form: PageForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "good_for": human_duration(settings.RESET_LINK_LIFETIME)}
    template = "auth/forgot.html"
    return render_member_page(request, template, context, notices=NOTICES, status=status)
