"""Pages of links in e-mails. Opening one consumes nothing: mail scanners open links too.

The token is in the URL, so the page's URL must not reach other sites. The stricter policy
``no-referrer`` makes browsers send forms with ``Origin: null`` (Fetch standard, "append a request
Origin header"), which would be refused as a forged form.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.registration import (
    completes_registration,
    confirm_registration,
    verify_email,
)
from accounts.passwords.services import reset_password
from accounts.users.email_change import confirm_email_change
from core.problems import Problem
from core.rate_limits.limits import consume_by_address
from pages.base import PageForm, new_password_field, page, with_problem_status
from pages.members import browser_session, redirect_with_notice

MAX_TOKEN_LENGTH = 200


def token_from(request: HttpRequest) -> str:
    """Return the token of a link or its form, without surrounding white space."""
    parameters = request.POST if request.method == "POST" else request.GET
    return str(parameters.get("token", "")).strip()[:MAX_TOKEN_LENGTH]


class TokenForm(PageForm):
    """The token of a link, a hidden field of the form that the link opens."""

    token = forms.CharField(max_length=MAX_TOKEN_LENGTH, widget=forms.HiddenInput)


class PasswordResetForm(TokenForm):
    """A new password."""

    password = new_password_field(_("New password"))


class RegistrationForm(PasswordResetForm):
    """The password of a user who confirms a registration.

    It replaces the one of the registration, which another person may have chosen.
    """

    password = new_password_field()


@never_cache
@page("GET", "POST")
def password_reset_page(request: HttpRequest) -> HttpResponse:
    """Show the form for a new password, or set it and go on to the log-in."""

    def act(**fields: str) -> HttpResponse:
        reset_password(**fields)
        return redirect_with_notice(reverse("login-page"), "password_set")

    return _serve_link(request, "password_reset.html", PasswordResetForm, act)


@never_cache
@page("GET", "POST")
def verify_email_page(request: HttpRequest) -> HttpResponse:
    """Show the form that verifies an address, or verify it; a registration also sets a password.

    A completed registration logs in: the user has just chosen the password. The link alone is no
    log-in for an existing user.
    """

    def register(**fields: str) -> HttpResponse:
        browser_session(request).open(confirm_registration(**fields))
        return redirect_with_notice(reverse("workspace"), "joined")

    def verify(**fields: str) -> HttpResponse:
        verify_email(**fields)
        is_logged_in = browser_session(request).session is not None
        return redirect_with_notice(
            reverse("workspace" if is_logged_in else "login-page"), "verified"
        )

    if completes_registration(token_from(request)):
        return _serve_link(request, "email_verify.html", RegistrationForm, register)
    return _serve_link(request, "email_verify.html", TokenForm, verify)


@never_cache
@page("GET", "POST")
def email_change_page(request: HttpRequest) -> HttpResponse:
    """Show the form that confirms a user's new address, or change the address."""

    def act(**fields: str) -> HttpResponse:
        confirm_email_change(**fields)
        return render_link_page(request, "email_change.html", {"done": True})

    return _serve_link(request, "email_change.html", TokenForm, act)


def _serve_link(
    request: HttpRequest, template: str, kind: type[TokenForm], act: Callable[..., HttpResponse]
) -> HttpResponse:
    """Show the form of a link, or answer with what ``act`` returns for its fields."""
    if request.method != "POST":
        form = kind(initial={"token": token_from(request)})
        return render_link_page(request, template, {"form": form})
    form = kind(request.POST)
    if not form.is_valid():
        return render_link_page(request, template, {"form": form}, status=400)
    try:
        consume_by_address("links")
        return act(**form.cleaned_data)
    except Problem as problem:
        return render_problem(request, template, {"form": form}, problem)


def render_problem(
    request: HttpRequest, template: str, context: dict[str, Any], problem: Problem
) -> HttpResponse:
    """Show the form of ``context`` again with the problem. Raises: problems from status 500."""
    if problem.status >= 500:
        raise problem
    context["form"].add_problem(problem)
    return with_problem_status(render_link_page(request, template, context), problem)


def render_link_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the page of a link, with a policy that hides its URL from other sites."""
    tenant = request.tenant  # type: ignore[attr-defined]
    response = render(request, template, {**context, "tenant": tenant}, status=status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response
