"""Where a link to a file leads: to its content, if need be by way of a password.

Nothing here goes by a cookie: a form that another site sends in somebody's name does what that site
could do itself, with the same token and the same password. So forms carry no token of their own,
and the page can say ``no-referrer``, with which browsers send a form with ``Origin: null``.
"""

from collections.abc import Callable
from functools import wraps
from typing import IO, Any, cast
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.problems import HashingBusy
from core.crypto.passwords import MAX_RAW_PASSWORD_LENGTH
from core.http.negotiation import StrictJSONParser, prefers_html
from core.problems import Problem, RateLimited
from files.downloads import download_url
from files.models import File
from files.problems import SharePasswordRequired, SharePasswordWrong
from files.shares.access import active_share, open_share
from files.shares.passwords import check_share_password
from pages.base import PageForm, page, with_problem_status
from pages.link_previews import is_preview_request

STORAGE_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(settings.S3_PUBLIC_ENDPOINT_URL))
# For following the redirect; whoever wants the content again opens the link again.
DOWNLOAD_LINK_SECONDS = 60
FORM_PROBLEMS = (SharePasswordRequired, SharePasswordWrong, RateLimited, HashingBusy)
PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class PasswordForm(PageForm):
    """The password of a link."""

    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_RAW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


def _private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep every answer of a view out of caches, of search engines and of other sites' logs."""

    @wraps(view)
    def serve(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = view(request, **kwargs)
        for name, value in PRIVATE_HEADERS.items():
            response.headers[name] = value
        return response

    return serve


# Browsers hold the redirect that follows a form to form-action too.
@csp_update({"form-action": STORAGE_ORIGIN})
@_private
@page("GET", "POST", goes_by_cookies=False)
def share_page(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the content of the file that a link is for, and count that; or ask for the password.

    Neither HEAD nor a program that only looks is counted: the one is led to an address that HEAD
    alone is signed for, the other is told no more than that the link is good.
    """
    share = active_share(token)
    if request.method == "HEAD":
        check_share_password(share, None)
        return _redirect_to_content(share.file, "HEAD")
    if request.method == "GET" and is_preview_request(request):
        return _render_page(request, {})
    try:
        return _redirect_to_content(open_share(share, password=_submitted_password(request)), "GET")
    except FORM_PROBLEMS as problem:
        if not prefers_html(request):
            raise
        return _render_password_form(request, problem)


def _redirect_to_content(file: File, method: str) -> HttpResponse:
    seconds = min(DOWNLOAD_LINK_SECONDS, settings.DOWNLOAD_URL_SECONDS)
    file.current.file = file  # or it would be read once more, for its name
    return HttpResponseRedirect(download_url(file.current, method=method, seconds=seconds))


def _submitted_password(request: HttpRequest) -> str | None:
    """Return the password that a program or a form sends. Raises MalformedBody, BodyTooLarge."""
    if request.method != "POST":
        return None
    if request.content_type != "application/json":
        return request.POST.get("password")
    document = StrictJSONParser().parse(cast("IO[bytes]", request))
    given = document.get("password") if isinstance(document, dict) else None
    return given if isinstance(given, str) else None


def _render_password_form(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Show the form, with what was wrong if it was sent before."""
    if request.method == "GET":
        return _render_page(request, {"form": PasswordForm()})
    form = PasswordForm({})
    form.errors.clear()
    form.add_error("password", gettext(problem.title))
    return with_problem_status(_render_page(request, {"form": form}), problem)


def _render_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    tenant = request.tenant  # type: ignore[attr-defined]
    return render(request, "share.html", {**context, "tenant": tenant})
