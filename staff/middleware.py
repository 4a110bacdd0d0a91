"""Sessions, log-in and messages, for the staff's Django admin and nowhere else."""

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY as SESSION_KEY_OF_USER
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import escape_leading_slashes
from django.utils.translation import override

from core.http.language import (
    LANGUAGE_PARAMETER,
    request_language,
    requested_language,
    with_language,
)
from staff.sessions import end_idle_session

SESSION_KEY = re.compile(r"[a-z0-9]{32}")
GetResponse = Callable[[HttpRequest], HttpResponse]


# Middleware that runs on one kind of host only.
#
# Sessions, CSRF and messages belong to the Django admin; the API has no use for them and should
# not pay for them. ``request.site_kind`` is set by the tenant routing.


class AdminHostMixin:
    """Mixin before a Django middleware class: passes the request through on every other host."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "site_kind", "") != "admin":
            passed: HttpResponse = self.get_response(request)  # type: ignore[attr-defined]
            return passed
        response: HttpResponse = super().__call__(request)  # type: ignore[misc]
        return response


class AdminSessionMiddleware(AdminHostMixin, SessionMiddleware):
    """Sessions whose keys have the form that Django gives them; anything else is no cookie."""

    def process_request(self, request: HttpRequest) -> None:
        """Load the session. A quoted cookie may hold bytes that no database takes."""
        if not SESSION_KEY.fullmatch(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)


class AdminAuthenticationMiddleware(AdminHostMixin, AuthenticationMiddleware):
    """Who is logged in, unless nothing was asked in their name for too long."""

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user``."""
        super().process_request(request)
        if SESSION_KEY_OF_USER in request.session:
            end_idle_session(request)


class AdminMessagesMiddleware(AdminHostMixin, MessageMiddleware):
    pass


class LanguageMiddleware:
    """Serve in the reader's language; ``?lang=`` is remembered and taken out of the address.

    The admin's lists would take a parameter that they do not know for a filter.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        language = request_language(request)
        with override(language):
            if requested_language(request) and request.method in {"GET", "HEAD"}:
                return with_language(request, redirect(_without_language(request)), language)
            return with_language(request, self.get_response(request), language)


def _without_language(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop(LANGUAGE_PARAMETER)
    # A path of "//example.org" would lead away from this host.
    path = escape_leading_slashes(request.path)
    return f"{path}?{query.urlencode()}" if query else path


class AdminLocaleMiddleware(AdminHostMixin, LanguageMiddleware):
    pass
