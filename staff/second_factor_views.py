"""The admin's page for the user's own second factor."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from core.crypto.one_time_codes import MAX_CODE_LENGTH, otpauth_uri
from core.http.negotiation import as_html_if_preferred
from core.http.responses import problem_response
from core.problems import InvalidCredentials, RateLimited, SecondFactorRequired
from staff.actors import actor_of
from staff.second_factor import (
    confirm_factor,
    must_enrol,
    recovery_codes_left,
    remove_factor,
    renew_recovery_codes,
    require_code,
    start_enrolment,
    unconfirmed_secret,
)

SECOND_FACTOR_ROUTE = "second-factor"
ISSUER = "Aggios"


class OneTimeCodeForm(forms.Form):
    """A one-time code."""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


def second_factor_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show, add or remove the user's second factor, or renew its recovery codes."""
    if request.method != "POST":
        return _render(site, request, OneTimeCodeForm())
    verb = request.POST.get("verb", "")
    staff: Any = request.user
    if verb == "begin":
        start_enrolment(staff)
        return redirect(f"admin:{SECOND_FACTOR_ROUTE}")
    form = OneTimeCodeForm(request.POST)
    if verb not in ACTIONS or not form.is_valid():
        return _render(site, request, form)
    try:
        codes = ACTIONS[verb](request, form.cleaned_data["code"])
    except (InvalidCredentials, SecondFactorRequired):
        form.add_error("code", _("This code is wrong, or was used before."))
        return _render(site, request, form)
    except RateLimited as problem:
        return as_html_if_preferred(request, problem_response(problem))
    return _render(site, request, OneTimeCodeForm(), codes=codes)


def _confirm(request: HttpRequest, code: str) -> list[str]:
    staff: Any = request.user
    codes = confirm_factor(staff, code)
    update_session_auth_hash(request, staff)
    return codes


def _renew(request: HttpRequest, code: str) -> list[str]:
    staff: Any = request.user
    return renew_recovery_codes(staff, code)


def _remove(request: HttpRequest, code: str) -> list[str]:
    staff: Any = request.user
    require_code(staff, code)
    remove_factor(staff, actor=actor_of(staff), why="removed")
    update_session_auth_hash(request, staff)
    return []


ACTIONS: dict[str, Callable[[HttpRequest, str], list[str]]] = {
    "confirm": _confirm,
    "renew": _renew,
    "remove": _remove,
}


def _render(
    site: AdminSite, request: HttpRequest, form: OneTimeCodeForm, codes: list[str] | None = None
) -> HttpResponse:
    staff: Any = request.user
    secret = unconfirmed_secret(staff)
    confined = {"available_apps": [], "is_nav_sidebar_enabled": False} if must_enrol(staff) else {}
    context = {
        **site.each_context(request),
        **confined,
        "title": _("Second factor"),
        "form": form,
        "codes": codes,
        "secret": secret,
        "qr": _qr(otpauth_uri(secret, issuer=ISSUER, account=staff.email)) if secret else "",
        "since": staff.second_factor_at,
        "left": recovery_codes_left(staff),
        "must_enrol": must_enrol(staff),
    }
    return TemplateResponse(request, "admin/second_factor.html", context)


def _qr(uri: str) -> str:
    """Return a QR code as SVG without script and inline style, black on white in every theme."""
    import segno  # noqa: PLC0415 - slow to import, and rarely needed

    code = segno.make(uri, error="m", micro=False)
    return str(code.svg_inline(scale=5, light="#ffffff", title=str(_("QR code for your app"))))
