"""Middleware of tenants' hosts: the session of a browser."""

from collections.abc import Callable
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token

from accounts.auth.login import log_out
from accounts.models import Session, User
from accounts.problems import TokenExpired, TokenInvalid, TokenReused
from accounts.sessions.browser import authenticate_cookie, cookie_value
from accounts.sessions.services import NewSession
from accounts.users.preferences import language_choices
from core.http.negotiation import is_api_request
from core.http.responses import DATABASE_ERRORS
from core.request_context import request_context

GetResponse = Callable[[HttpRequest], HttpResponse]
ENDED = (TokenInvalid, TokenExpired, TokenReused)
# The body can take longer than the grace for an old cookie, and its response sets the next cookie.
SLOW_BODY = "multipart/form-data"


class BrowserSession:
    """The session of a request's cookie. The cookie is read at the first use of ``session``.

    ``open`` and ``close`` change the cookie of the response.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._cookie = request.COOKIES.get(settings.BROWSER_COOKIE_NAME, "")
        self._next_cookie: str | None = None
        self.end_reason = ""
        """Why the session of the cookie has ended (one of ``Session.End``); empty if unknown."""
        self._is_unavailable = False

    @property
    def user(self) -> User | None:
        """The user of the session, for what a page shows; None also without a database.

        Error pages are rendered in the user's language while the database is unavailable, too.
        """
        if self._is_unavailable:
            return None
        try:
            session = self.session
        except DATABASE_ERRORS:
            self._is_unavailable = True
            return None
        return session.user if session else None

    @cached_property
    def session(self) -> Session | None:
        """The active session with its user, or None."""
        if not self._cookie:
            return None
        try:
            session, next_cookie = authenticate_cookie(
                self._cookie, rotate=self._request.content_type != SLOW_BODY
            )
        except ENDED as problem:
            self.end_reason = str(problem.members.get("reason", ""))
            # A page deletes the cookie, because it can say why the session has ended.
            self._next_cookie = None if is_api_request(self._request) else ""
            return None
        self._next_cookie = next_cookie or None
        context = request_context()
        context.user, context.proved_at = str(session.user_id), session.proved_at
        return session

    def open(self, opened: NewSession) -> None:
        """Set the cookie to a new session, and end the one that the browser had.

        No cookie would belong to the old one any more, but a copy would still work (OWASP ASVS 5.0,
        7.2.4). The CSRF token changes too (OWASP, session fixation).
        """
        if self.session is not None:
            log_out(self.session, actor=self.session.user)
        self._next_cookie = cookie_value(opened)
        self.__dict__["session"] = opened.session
        rotate_token(self._request)

    def close(self) -> None:
        """Delete the cookie. The caller ends the session itself."""
        self._next_cookie = ""
        self.__dict__["session"] = None
        rotate_token(self._request)

    def write_cookie(self, response: HttpResponse) -> None:
        """Set or delete the cookie, if it has changed."""
        if self._next_cookie is None:
            return
        if not self._next_cookie:
            response.delete_cookie(settings.BROWSER_COOKIE_NAME, samesite="Lax")
            return
        response.set_cookie(
            settings.BROWSER_COOKIE_NAME,
            self._next_cookie,
            max_age=settings.REFRESH_TOKEN_LIFETIME,
            secure=settings.BROWSER_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


class BrowserSessionMiddleware:
    """Sets ``browser_session`` and ``language_choices`` of requests on tenants' hosts.

    It writes the session's cookie.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "site_kind", "") != "tenant" or not hasattr(request, "tenant"):
            return self.get_response(request)
        browser_session = request.browser_session = BrowserSession(request)  # type: ignore[attr-defined]
        tenant = request.tenant
        request.language_choices = lambda: language_choices(browser_session.user, tenant)  # type: ignore[attr-defined]
        response = self.get_response(request)
        browser_session.write_cookie(response)
        return response
