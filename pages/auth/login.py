"""The log-in page: password first, then the second factor; and the log-out."""

import json
import time
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.auth.login import log_in, log_out, throttle_login
from accounts.encryption import DecryptionError, decrypt, encrypt
from accounts.invitations.acceptance import registration_is_open
from accounts.models import Session
from accounts.passwords.hashers import hash_pool
from accounts.permissions import current_policy
from accounts.problems import InvalidCredentials, SecondFactorRequired
from core.crypto.passwords import MAX_RAW_PASSWORD_LENGTH
from core.problems import Problem
from core.text.email_addresses import MAX_EMAIL_LENGTH
from pages.base import PageForm, page, with_problem_status
from pages.members import browser_session, next_path, render_member_page

STEP_PURPOSE, STEP_SECONDS = "login-step", 300
MAX_CODE_LENGTH, MAX_STEP_LENGTH = 64, 16_000
END_REASONS: dict[str, Any] = {
    Session.End.LOGOUT: _("You have logged out."),
    Session.End.REUSE: _("An old copy of your log-in was used, so it was ended for your safety."),
    Session.End.PASSWORD: _("Your password was changed."),
    Session.End.REVOKED: _("Your log-in was ended from another device, or by an administrator."),
    Session.End.EXPIRED: _("Your log-in has reached its end."),
    Session.End.IDLE: _("You were logged out because you did nothing for a while."),
    Session.End.STAFF: _("Your log-in was ended by the platform’s staff."),  # noqa: RUF001
}
CODE_REFUSED = _(
    "The code was not accepted. Enter the one that the app shows now, or an unused recovery code."
)
NOTICES = {
    "password_set": _("Your new password is set. Log in with it."),
    "verified": _("Your e-mail address is verified. Log in now."),
    "ticket": _("Log in with the e-mail address and the password that you have chosen."),
    "left": _("You have left this workspace. Your account in it has been deleted."),
}


class LoginForm(PageForm):
    """E-mail address and password."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "inputmode": "email"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_RAW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(PageForm):
    """The code of a second factor; ``step`` holds what the first step has verified."""

    step = forms.CharField(max_length=MAX_STEP_LENGTH, widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("Code of your authenticator app"),
        max_length=MAX_CODE_LENGTH,
        help_text=_("Or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


@never_cache
@page("GET", "POST")
def login_page(request: HttpRequest) -> HttpResponse:
    """Show the form, or open a session and go on to ``next``."""
    if request.method != "POST":
        if browser_session(request).session is not None:
            return HttpResponseRedirect(_target(request))
        ended = END_REASONS.get(request.GET.get("ended", ""))
        return _render(request, LoginForm(), ended=ended)
    if "step" in request.POST:
        return _second_step(request)
    form = LoginForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=400)
    return _attempt(request, form, **form.cleaned_data)


@never_cache
@page("GET", "POST")
def logout_page(request: HttpRequest) -> HttpResponse:
    """End the session of this browser; GET asks first, for links and bookmarks."""
    session = browser_session(request).session
    if session is not None and request.method != "POST":
        return render_member_page(request, "auth/logout.html", {})
    if session is not None:
        log_out(session, actor=session.user)
    return close_browser_session(request)


def close_browser_session(request: HttpRequest) -> HttpResponse:
    """Remove the cookie of an ended session and the cached pages; lead to the log-in page."""
    browser_session(request).close()
    response = HttpResponseRedirect(f"{reverse('login-page')}?ended=logout", status=303)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _second_step(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _render(request, form, status=400)
    first = _read_step(form.cleaned_data["step"])
    if first is None:
        again = LoginForm({})
        again.errors.clear()
        again.add_error(None, _("The log-in took too long. Enter your password again."))
        return _render(request, again, status=400)
    email, password = first
    return _attempt(request, form, email=email, password=password, code=form.cleaned_data["code"])


def _attempt(
    request: HttpRequest, form: PageForm, *, email: str, password: str, code: str = ""
) -> HttpResponse:
    try:
        hash_pool().require_capacity()
        with throttle_login(email):
            opened = log_in(email=email, password=password, code=code)
    except SecondFactorRequired:
        return _render(request, CodeForm(initial={"step": _seal_step(email, password)}))
    except InvalidCredentials as problem:
        if code:  # the first step has verified the password
            form.add_error("code", CODE_REFUSED)
        else:
            form.add_problem(problem)
        return with_problem_status(_render(request, form, problem=problem), problem)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form), problem)
    browser_session(request).open(opened)
    return HttpResponseRedirect(_target(request), status=303)


def _target(request: HttpRequest) -> str:
    return next_path(request, reverse("workspace"))


def _render(
    request: HttpRequest,
    form: PageForm,
    *,
    status: int = 200,
    ended: Any = None,
    problem: Problem | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "next": next_path(request, ""),
        "ended": ended,
        "asks_code": "code" in form.fields,
        "is_wrong": isinstance(problem, InvalidCredentials),
        "is_open": registration_is_open(),
        "must_verify": current_policy().email_verification == "required",
    }
    return render_member_page(request, "auth/login.html", context, notices=NOTICES, status=status)


def _seal_step(email: str, password: str) -> str:
    """Return the verified first step, encrypted for this tenant; valid for five minutes."""
    return encrypt(STEP_PURPOSE, json.dumps([email, password, int(time.time())]))


def _read_step(sealed: str) -> tuple[str, str] | None:
    try:
        email, password, at = json.loads(decrypt(STEP_PURPOSE, sealed))
    except (DecryptionError, ValueError):
        return None
    return (email, password) if 0 <= time.time() - at <= STEP_SECONDS else None
