"""The own second factor: enrolment with a QR code, recovery codes, removal.

It is open to users who have yet to add the factor that their tenant requires.
"""

from textwrap import wrap
from typing import Any
from urllib.parse import quote

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.api.second_factors import second_factor_etag
from accounts.models import Authenticator, User
from accounts.permissions import current_policy
from accounts.problems import FactorExists, FactorMissing
from accounts.second_factors import (
    TotpEnrolment,
    confirm_enrolment,
    list_second_factors,
    pending_enrolment,
    recovery_codes_left,
    remove_second_factor,
    renew_recovery_codes,
    start_totp_enrolment,
)
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.problems import NotFound, Problem
from pages.base import with_problem_status
from pages.me.rendering import render_own_page
from pages.members import (
    current_page_session,
    current_person,
    member_page,
    next_path,
    redirect_with_notice,
)
from pages.versions import VersionForm
from tenants.context import current_tenant

SECTION, ADD = "my-second-factor", "my-second-factor-add"
# So few codes are a reason to make new ones.
FEW_CODES = 3
QR_SCALE = 5


class CodeForm(VersionForm):
    """The first code of the app; ``version`` says which secret the page has shown."""

    code = forms.CharField(
        label=_("Code that the app shows"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
                "class": "code-input",
            }
        ),
    )


@member_page(admitted=False)
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Show whether there is a second factor, and what can be done."""
    user = current_person(request)
    left = recovery_codes_left(user)
    context = {
        "left": left,
        "is_few": left < FEW_CODES,
        "required": _is_required(user),
        "next": next_path(request, ""),
    }
    return render_own_page(request, "me/second_factor.html", context, section=SECTION)


@member_page("GET", "POST", action="me:factors", admitted=False)
def add_second_factor_page(request: HttpRequest) -> HttpResponse:
    """Create a secret, show it until its first code confirms it, then show recovery codes."""
    user = current_person(request)
    if has_second_factor(user):
        return redirect_with_notice(reverse(SECTION), "factor_exists")
    try:
        if request.method != "POST":
            return _render_enrolment(request, pending_enrolment(user))
        if "start" in request.POST:
            start_totp_enrolment(user)
            return HttpResponseRedirect(_with_next(request, reverse(ADD)), status=303)
        return _confirm(request, pending_enrolment(user))
    except FactorExists:
        return redirect_with_notice(reverse(SECTION), "factor_exists")


def _confirm(request: HttpRequest, pending: TotpEnrolment | None) -> HttpResponse:
    if pending is None:
        return HttpResponseRedirect(_with_next(request, reverse(ADD)), status=303)
    form = CodeForm(request.POST, current=second_factor_etag(pending.factor))
    if not form.is_valid():
        return _render_enrolment(request, pending, form, status=400)
    try:
        form.require_current(second_factor_etag(pending.factor))
        session, code = current_page_session(request), form.cleaned_data["code"]
        _, codes = confirm_enrolment(session, pending.factor.pk, code)
    except FactorExists:
        raise
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render_enrolment(request, pending, form), problem)
    return _render_codes(request, codes, is_new=True)


@member_page("GET", "POST", action="me:factors", admitted=False)
def recovery_codes_page(request: HttpRequest) -> HttpResponse:
    """Ask first, then replace the recovery codes and show the new ones."""
    if request.method == "POST":
        return _render_codes(request, renew_recovery_codes(current_person(request)))
    if not has_second_factor(current_person(request)):
        raise FactorMissing
    return render_own_page(request, "me/recovery_codes_renew.html", {}, section=SECTION)


def has_second_factor(user: User) -> bool:
    """Return whether the user has a confirmed second factor."""
    return user.second_factor_at is not None


@member_page("GET", "POST", action="me:factors", admitted=False)
def remove_second_factor_page(request: HttpRequest) -> HttpResponse:
    """Ask first, then remove the second factor and the recovery codes."""
    user = current_person(request)
    row = _confirmed_factor(user)
    version = second_factor_etag(row)
    form = VersionForm(request.POST or None, current=version)
    if request.method == "POST" and form.is_valid():
        try:
            remove_second_factor(
                user, row.pk, check=lambda found: form.require_current(second_factor_etag(found))
            )
        except Problem as problem:
            form.add_problem(problem)
            page = _render_removal(request, form)
            return with_problem_status(page, problem)
        return redirect_with_notice(reverse(SECTION), "factor_removed")
    return _render_removal(request, form)


def _confirmed_factor(user: User) -> Authenticator:
    for row in list_second_factors(user):
        if row.confirmed_at is not None:
            return row
    raise NotFound


def qr_code(uri: str) -> SafeString:
    """Return a QR code as SVG without script and inline style, black on white in every theme."""
    import segno  # noqa: PLC0415 - slow to import, and rarely needed

    code = segno.make(uri, error="m", micro=False)
    title = gettext("QR code for your app")
    # segno escapes the title; all else are numbers.
    return mark_safe(code.svg_inline(scale=QR_SCALE, light="#ffffff", title=title))  # noqa: S308


def _render_enrolment(
    request: HttpRequest,
    pending: TotpEnrolment | None,
    form: CodeForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"next": next_path(request, "")}
    if pending is not None:
        context |= {
            "form": form or CodeForm(current=second_factor_etag(pending.factor)),
            "qr": qr_code(pending.uri),
            "uri": pending.uri,
            "secret": " ".join(wrap(pending.secret, 4)),
        }
    return render_own_page(
        request, "me/second_factor_add.html", context, section=SECTION, status=status
    )


def _render_codes(request: HttpRequest, codes: list[str], *, is_new: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "codes": codes,
        "text": "\n".join(codes),
        "download": f"data:text/plain;charset=utf-8,{quote(_as_text(request, codes))}",
        "is_new": is_new,
        "next": next_path(request, reverse(SECTION)),
    }
    return render_own_page(request, "me/recovery_codes.html", context, section=SECTION)


def _as_text(request: HttpRequest, codes: list[str]) -> str:
    head = gettext("Recovery codes of %(email)s at %(workspace)s. Each can be used once.") % {
        "email": current_person(request).email,
        "workspace": current_tenant().name,
    }
    return "\r\n".join([head, "", *codes, ""])


def _render_removal(request: HttpRequest, form: VersionForm) -> HttpResponse:
    context = {"form": form, "required": _is_required(current_person(request))}
    return render_own_page(request, "me/second_factor_remove.html", context, section=SECTION)


def _is_required(user: User) -> bool:
    return user.role in current_policy().second_factor_roles


def _with_next(request: HttpRequest, url: str) -> str:
    back = next_path(request, "")
    return f"{url}?next={quote(back)}" if back else url
