"""The pages that mailed links lead to. Looking at one changes nothing: mail scanners look too.

The token stands in the address, so no other site may be told where somebody comes from. The
stricter policy ``no-referrer`` makes browsers send forms with ``Origin: null`` (Fetch standard,
"append a request Origin header"), which is what a forged form looks like.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.registration import completes_registration, verify_email
from accounts.passwords.services import reset_password
from core.problems import Problem
from core.rate_limits.limits import consume_by_address
from pages.base import PageForm, new_password_field, page, with_problem_status

MAX_TOKEN_LENGTH = 200


def token_from(request: HttpRequest) -> str:
    """Return the token that a link or its form brings, without white space around it."""
    given = request.POST if request.method == "POST" else request.GET
    return str(given.get("token", "")).strip()[:MAX_TOKEN_LENGTH]


class TokenForm(PageForm):
    """What a mailed link brings; sent on, hidden, by the form that it leads to."""

    token = forms.CharField(max_length=MAX_TOKEN_LENGTH, widget=forms.HiddenInput)


class PasswordResetForm(TokenForm):
    """A new password; what it must hold is for the services to say."""

    password = new_password_field(_("New password"))


class RegistrationForm(PasswordResetForm):
    """The password of somebody who joins: never the one that whoever registered has chosen."""

    password = new_password_field()


@never_cache
@page("GET", "POST")
def password_reset_page(request: HttpRequest) -> HttpResponse:
    """Ask for a new password, or set it."""
    return _serve_link(request, "password_reset.html", PasswordResetForm, reset_password)


@never_cache
@page("GET", "POST")
def verify_email_page(request: HttpRequest) -> HttpResponse:
    """Ask whether the address is to be verified, or verify it; who joins chooses a password."""
    joins = completes_registration(token_from(request))
    return _serve_link(
        request, "email_verify.html", RegistrationForm if joins else TokenForm, verify_email
    )


def _serve_link(
    request: HttpRequest, template: str, kind: type[TokenForm], act: Callable[..., object]
) -> HttpResponse:
    if request.method != "POST":
        form = kind(initial={"token": token_from(request)})
        return render_link_page(request, template, {"form": form})
    form = kind(request.POST)
    if not form.is_valid():
        return render_link_page(request, template, {"form": form}, status=400)
    try:
        consume_by_address("links")
        act(**form.cleaned_data)
    except Problem as problem:
        return render_problem(request, template, {"form": form}, problem)
    return render_link_page(request, template, {"done": True})


def render_problem(
    request: HttpRequest, template: str, context: dict[str, Any], problem: Problem
) -> HttpResponse:
    """Show the form of ``context`` again with what is wrong. Raises what is no fault of theirs."""
    if problem.status >= 500:
        raise problem
    context["form"].refuse(problem)
    return with_problem_status(render_link_page(request, template, context), problem)


def render_link_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page that a link led to; no other site is told where somebody comes from."""
    tenant = request.tenant  # type: ignore[attr-defined]
    response = render(request, template, {**context, "tenant": tenant}, status=status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response
