"""The public page of a share: says what it is, asks for its password, and gives the content.

Programs get a redirect to the content at once. A browser gets a page first, and downloads by its
form or by ``?download=1``, so that a look downloads and counts nothing.

The page does not use cookies. A forged form could do only what the other site could do itself, with
the same token and password. So its forms need no CSRF token, and the page can send ``no-referrer``,
with which browsers send forms with ``Origin: null``.
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
from core.http.negotiation import StrictJSONParser, as_html_if_preferred, prefers_html
from core.http.responses import problem_response
from core.problems import NotFound, Problem, RateLimited
from files.downloads import download_url
from files.models import File, Share
from files.problems import SharePasswordRequired, SharePasswordWrong
from files.shares.access import active_share, open_share
from files.shares.passwords import check_share_password
from pages.base import PageForm, page, with_problem_status
from pages.link_previews import is_preview_request

STORAGE_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(settings.S3_PUBLIC_ENDPOINT_URL))
# Long enough to follow the redirect; opening the share again gives a new URL.
DOWNLOAD_LINK_SECONDS = 60
DOWNLOAD_PARAMETER = "download"
MAX_PREVIEW_BYTES = 20 * 1024 * 1024
# What every browser shows in <img>. Not SVG, which can hold scripts.
PREVIEW_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
FORM_PROBLEMS = (SharePasswordRequired, SharePasswordWrong, RateLimited, HashingBusy)
PRIVATE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class PasswordForm(PageForm):
    """The password of a share."""

    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_RAW_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


def _private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep responses of a view out of caches, search engines and logs of other sites."""

    @wraps(view)
    def wrapper(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = view(request, **kwargs)
        for name, value in PRIVATE_HEADERS.items():
            response.headers[name] = value
        return response

    return wrapper


# Browsers apply form-action also to the redirect after a form. The preview comes from the store.
@csp_update({"form-action": STORAGE_ORIGIN, "img-src": STORAGE_ORIGIN})
@_private
@page("GET", "POST", uses_cookies=False)
def share_page(request: HttpRequest, token: str) -> HttpResponse:
    """Redirect to the content of a shared file and count it, or show the page of the share.

    HEAD is redirected to a URL that is signed for HEAD only, and is not counted. Link previews get
    a page that does not name the file. A link that is not active is a 404, whatever the reason.
    """
    try:
        return _open(request, token)
    except NotFound as problem:
        return as_html_if_preferred(request, problem_response(problem), "sharing/gone.html")


def _open(request: HttpRequest, token: str) -> HttpResponse:
    """Raises: NotFound, and for programs the problems of a password."""
    share = active_share(token)
    if request.method == "HEAD":
        check_share_password(share, None)
        return _redirect_to_content(share.file, "HEAD")
    if request.method == "GET" and is_preview_request(request):
        return _render_page(request, {})
    if request.method == "GET" and prefers_html(request) and DOWNLOAD_PARAMETER not in request.GET:
        return _render_share(request, share)
    try:
        return _redirect_to_content(open_share(share, password=_submitted_password(request)), "GET")
    except FORM_PROBLEMS as problem:
        if not prefers_html(request):
            raise
        return _render_password_form(request, problem)


def _render_share(request: HttpRequest, share: Share) -> HttpResponse:
    """Show the file, or only the form while its password is not known."""
    if share.password:
        return _render_page(request, {"form": PasswordForm()})
    file = share.file
    file.current.file = file  # saves a query for its name
    context = {
        "share": share,
        "file": file,
        "size": file.current.size,
        "sender": _sender_name(share),
    }
    if _may_preview(share):
        context["preview_url"] = download_url(file.current, seconds=DOWNLOAD_LINK_SECONDS)
    return _render_page(request, context)


def _sender_name(share: Share) -> str:
    """Return the name of the person who shares; without a name, not the whole address."""
    return share.created_by.full_name or share.created_by.mailbox


def _may_preview(share: Share) -> bool:
    """Tell whether the page may show the content: a small image of a link without a limit.

    A preview is the content, so it would get around ``max_downloads``.
    """
    version = share.file.current
    is_small = version.size <= MAX_PREVIEW_BYTES
    return share.max_downloads is None and is_small and version.content_type in PREVIEW_TYPES


def _redirect_to_content(file: File, method: str) -> HttpResponse:
    seconds = min(DOWNLOAD_LINK_SECONDS, settings.DOWNLOAD_URL_SECONDS)
    file.current.file = file  # saves a query for its name
    return HttpResponseRedirect(download_url(file.current, method=method, seconds=seconds))


def _submitted_password(request: HttpRequest) -> str | None:
    """Return the password from JSON or a form. Raises: MalformedBody, BodyTooLarge."""
    if request.method != "POST":
        return None
    if request.content_type != "application/json":
        return request.POST.get("password")
    document = StrictJSONParser().parse(cast("IO[bytes]", request))
    password = document.get("password") if isinstance(document, dict) else None
    return password if isinstance(password, str) else None


def _render_password_form(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Show the form, with the problem after a failed attempt."""
    if request.method == "GET":
        return _render_page(request, {"form": PasswordForm()})
    form = PasswordForm({})
    form.errors.clear()
    form.add_error("password", gettext(problem.title))
    return with_problem_status(_render_page(request, {"form": form}), problem)


def _render_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    tenant = request.tenant  # type: ignore[attr-defined]
    return render(request, "sharing/public.html", {**context, "tenant": tenant})
