"""Pages for the users of a workspace: authentication, permissions, rendering, redirects.

A page calls the services that the API calls and declares the same action
(accounts/permissions.py).
"""

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.middleware import BrowserSession
from accounts.models import Session, User
from accounts.permissions import (
    ACTIONS,
    Reauthentication,
    require_action,
    require_admitted,
    require_recent_authentication,
)
from accounts.problems import EmailUnverified, ProofRequired, SecondFactorMissing, TokenInvalid
from core.problems import NotAuthenticated, PasswordChangeRequired, Problem
from pages.base import SAFE_METHODS, View, page

NEXT_PARAMETER, NOTICE_PARAMETER = "next", "notice"
MAX_NEXT_LENGTH = 2000
# The page on which a user meets a requirement, or proves again who they are.
REQUIREMENT_PAGES: dict[type[Problem], str] = {
    ProofRequired: "reauthenticate-page",
    PasswordChangeRequired: "my-password",
    EmailUnverified: "email-unverified",
    SecondFactorMissing: "my-second-factor",
}
NO_NOTICES: Mapping[str, Any] = MappingProxyType({})


def member_page(*methods: str, action: str = "", admitted: bool = True) -> Callable[[View], View]:
    """Declare a page for the users of a workspace, for ``methods`` (GET by default).

    ``action`` is a name in ``ACTIONS``. With ``admitted=False`` the page is shown also before the
    tenant's requirements are met. Without a session the user is sent to the log-in and comes back
    afterwards; an action that needs a recent authentication leads to its page first.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                _require_user(request, action, admitted=admitted)
                response = view(request, *args, **kwargs)
            except tuple(REQUIREMENT_PAGES) as problem:
                response = redirect_with_next(request, REQUIREMENT_PAGES[type(problem)])
            except (NotAuthenticated, TokenInvalid):  # or inactive since the request began
                response = _redirect_to_login(request)
            add_never_cache_headers(response)
            return response

        return page(*(methods or ("GET",)))(checked)

    return decorate


def current_person(request: HttpRequest) -> User:
    """Return the user of the page. Raises: NotAuthenticated."""
    return current_page_session(request).user


def current_page_session(request: HttpRequest) -> Session:
    """Return the session of the page's cookie. Raises: NotAuthenticated."""
    session = browser_session(request).session
    if session is None:
        raise NotAuthenticated
    return session


def browser_session(request: HttpRequest) -> BrowserSession:
    """Return the request's browser session (accounts/middleware.py)."""
    found: BrowserSession = request.browser_session  # type: ignore[attr-defined]
    return found


def render_member_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    nav: str = "",
    notices: Mapping[str, Any] = NO_NOTICES,
    status: int = 200,
) -> HttpResponse:
    """Render a page of the workspace; ``nav`` is the current entry of the navigation.

    ``notices`` are the texts that ``?notice=`` may name.
    """
    session = browser_session(request).session
    values = {
        "tenant": request.tenant,  # type: ignore[attr-defined]
        "person": session.user if session else None,
        "nav": nav,
        "notice": notices.get(request.GET.get(NOTICE_PARAMETER, "")),
        **context,
    }
    return render(request, template, values, status=status)


def redirect_with_notice(url: str, notice: str) -> HttpResponse:
    """Redirect after a form was processed (303), to a page that shows the notice of that name."""
    separator = "&" if "?" in url else "?"
    response = HttpResponseRedirect(f"{url}{separator}{urlencode({NOTICE_PARAMETER: notice})}")
    response.status_code = 303
    return response


def redirect_with_next(
    request: HttpRequest, name: str, *, back: str = "", **parameters: str
) -> HttpResponse:
    """Redirect to the page of a route that leads back to ``back`` afterwards.

    By default that is the current page. A program that loads a part of a page (htmx) is told to
    load the whole page.
    """
    target = reverse(name)
    if target == request.path:  # the page itself is the way to meet the requirement
        target, back = reverse("workspace"), ""
    elif not back:
        back = request.get_full_path() if request.method in SAFE_METHODS else request.path
    query = {**({NEXT_PARAMETER: back} if back else {}), **parameters}
    url = f"{target}?{urlencode(query)}" if query else target
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=303)


def next_path(request: HttpRequest, default: str) -> str:
    """Return the path in ``next`` if it is one of our own pages, otherwise ``default``.

    Rule: OWASP, "Unvalidated Redirects and Forwards". Only a path is accepted, not a URL.
    """
    values = request.POST if request.method == "POST" else request.GET
    path = values.get(NEXT_PARAMETER, "")[:MAX_NEXT_LENGTH]
    is_path = path.startswith("/") and not path.startswith("/api/")
    is_own = url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_path and is_own and path.isprintable() else default


def _require_user(request: HttpRequest, action: str, *, admitted: bool) -> None:
    session = current_page_session(request)
    request.user = session.user  # type: ignore[assignment]
    if action:
        require_action(session.user, session, action)
    if admitted:
        require_admitted(session.user)
    if action and ACTIONS[action].reauthentication is Reauthentication.ALWAYS:
        require_recent_authentication()


def _redirect_to_login(request: HttpRequest) -> HttpResponse:
    reason = browser_session(request).end_reason
    return redirect_with_next(request, "login-page", **({"ended": reason} if reason else {}))
