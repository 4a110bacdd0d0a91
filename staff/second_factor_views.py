"""The admin's page of one's own second factor."""

from collections.abc import Callable
from typing import Any

import segno
from django import forms
from django.contrib.admin import AdminSite
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from core.crypto.one_time_codes import LONGEST, uri_of
from core.http.negotiation import as_page
from core.http.responses import problem_response
from core.problems import InvalidCredentials, RateLimited, SecondFactorRequired
from staff.actors import actor_of
from staff.second_factor import (
    begin_factor,
    confirm_factor,
    must_enrol,
    recovery_codes_left,
    remove_factor,
    renew_recovery_codes,
    require_code,
    waiting_secret,
)

FACTOR_PAGE = "second-factor"
ISSUER = "Aggios"


class CodeForm(forms.Form):
    """The code that proves that the app is at hand."""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


def second_factor_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Show one's second factor, add one, remove it, or make new recovery codes."""
    if request.method != "POST":
        return _page(site, request, CodeForm())
    verb = request.POST.get("verb", "")
    staff: Any = request.user
    if verb == "begin":
        begin_factor(staff)
        return redirect(f"admin:{FACTOR_PAGE}")
    form = CodeForm(request.POST)
    if verb not in VERBS or not form.is_valid():
        return _page(site, request, form)
    try:
        codes = VERBS[verb](request, form.cleaned_data["code"])
    except (InvalidCredentials, SecondFactorRequired):
        form.add_error("code", _("This code is wrong, or was used before."))
        return _page(site, request, form)
    except RateLimited as problem:
        return as_page(request, problem_response(problem))
    return _page(site, request, CodeForm(), codes=codes)


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


VERBS: dict[str, Callable[[HttpRequest, str], list[str]]] = {
    "confirm": _confirm,
    "renew": _renew,
    "remove": _remove,
}


def _page(
    site: AdminSite, request: HttpRequest, form: CodeForm, codes: list[str] | None = None
) -> HttpResponse:
    staff: Any = request.user
    secret = waiting_secret(staff)
    confined = {"available_apps": [], "is_nav_sidebar_enabled": False} if must_enrol(staff) else {}
    context = {
        **site.each_context(request),
        **confined,
        "title": _("Second factor"),
        "form": form,
        "codes": codes,
        "secret": secret,
        "qr": _qr(uri_of(secret, issuer=ISSUER, account=staff.email)) if secret else "",
        "since": staff.second_factor_at,
        "left": recovery_codes_left(staff),
        "must_enrol": must_enrol(staff),
    }
    return TemplateResponse(request, "admin/second_factor.html", context)


def _qr(uri: str) -> str:
    """Return a QR code as SVG: no script, no inline style, black on white in every theme."""
    code = segno.make(uri, error="m", micro=False)
    return str(code.svg_inline(scale=5, light="#ffffff", title=str(_("QR code for your app"))))
