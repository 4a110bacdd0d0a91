"""Middleware of the admin's host: sessions, authentication, messages and language.

The API needs none of these and must not pay for them. The tenant routing sets
``request.site_kind``.
"""

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER_SESSION_KEY
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


class AdminHostMixin:
    """Mixin for a Django middleware class: skips it on every other host."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "site_kind", "") != "admin":
            passed: HttpResponse = self.get_response(request)  # type: ignore[attr-defined]
            return passed
        response: HttpResponse = super().__call__(request)  # type: ignore[misc]
        return response


class AdminSessionMiddleware(AdminHostMixin, SessionMiddleware):
    """Sessions; a cookie that is not a session key of Django's form is ignored."""

    def process_request(self, request: HttpRequest) -> None:
        """Load the session. A quoted cookie may contain bytes that PostgreSQL refuses."""
        if not SESSION_KEY.fullmatch(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)


class AdminAuthenticationMiddleware(AdminHostMixin, AuthenticationMiddleware):
    """Authenticates the session's staff user and ends idle sessions."""

    def process_request(self, request: HttpRequest) -> None:
        """Set ``request.user``."""
        super().process_request(request)
        if USER_SESSION_KEY in request.session:
            end_idle_session(request)


class AdminMessagesMiddleware(AdminHostMixin, MessageMiddleware):
    pass


class LanguageMiddleware:
    """Activates the language of the request; ``?lang=`` sets a cookie and is removed by a redirect.

    The admin's lists treat an unknown parameter as a filter.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request in its language."""
        language = request_language(request)
        with override(language):
            if requested_language(request) and request.method in {"GET", "HEAD"}:
                return with_language(request, redirect(_without_language(request)), language)
            return with_language(request, self.get_response(request), language)


class AdminLocaleMiddleware(AdminHostMixin, LanguageMiddleware):
    pass


def _without_language(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop(LANGUAGE_PARAMETER)
    # A path of "//example.org" would redirect to another host.
    path = escape_leading_slashes(request.path)
    return f"{path}?{query.urlencode()}" if query else path
