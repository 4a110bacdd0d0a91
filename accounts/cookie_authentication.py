"""Authentication of API requests by a browser's cookie, for scripts of the tenant's own pages.

The browser sends a cookie with requests of other sites too. So it counts only for requests
that the browser marks as coming from a page of the same origin (``Sec-Fetch-Site``, W3C Fetch
Metadata), and for changes only with the CSRF token of that page (OWASP, CSRF prevention). Other
requests are treated as if there was no cookie.
"""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import Session, User
from core.problems import FormExpired

SAME_ORIGIN = "same-origin"


class CookieAuthentication(BaseAuthentication):
    """The cookie of a browser's session (accounts/sessions/browser.py)."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """Return the user and the session; None without a cookie that counts.

        Raises: FormExpired for a change without a valid CSRF token.
        """
        plain = request._request
        browser_session = getattr(plain, "browser_session", None)
        if browser_session is None or not is_same_origin(plain):
            return None
        session: Session | None = browser_session.session
        if session is None:
            return None
        require_csrf_token(plain)
        return session.user, session


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Nothing in OpenAPI: the cookie is for our own pages."""

    target_class = CookieAuthentication
    name: list[str] = []

    def get_security_requirement(self, auto_schema: object) -> None:  # type: ignore[override]
        """Return None: no requirement is added."""

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        """Return no security scheme."""
        return []


def is_same_origin(request: HttpRequest) -> bool:
    """Tell whether the browser says that a page of the same origin sent the request."""
    return request.headers.get("Sec-Fetch-Site", "") == SAME_ORIGIN


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def require_csrf_token(request: HttpRequest) -> None:
    """Check the CSRF token and the origin of a request. Raises: FormExpired."""
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    if check.process_view(request, HttpResponse, (), {}):
        raise FormExpired
