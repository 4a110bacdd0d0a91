"""The log-in with a ticket: a form on the apex host sends it after a sign-up.

The ticket is in a cookie of the apex host, then in that form, and never in a URL. The page accepts
it from the apex host only, so another site cannot log a visitor in to a workspace of its own. It
ignores cookies: a form of another host could not have its CSRF token.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.auth.login_tickets import LIFETIME_SECONDS, consume_login_ticket
from core.problems import FormExpired, TokenInvalid
from pages.base import page
from pages.members import browser_session, redirect_with_notice
from tenants.routing import LOOPBACK_HOSTS, site_url

FIELD = "ticket"
SEPARATOR = "~"


@never_cache
@page("GET", "POST", uses_cookies=False)
def login_ticket_page(request: HttpRequest) -> HttpResponse:
    """Log the ticket's user in. Without a valid ticket show the log-in page."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("login-page"), status=303)
    if request.headers.get("Origin", "") not in apex_origins():
        raise FormExpired
    try:
        opened = consume_login_ticket(request.POST.get(FIELD, ""))
    except TokenInvalid:
        return redirect_with_notice(reverse("login-page"), "ticket")
    browser_session(request).open(opened)
    return redirect_with_notice(reverse("workspace"), "opened")


def apex_origins() -> set[str]:
    """Return the origins that serve the sign-up (RFC 6454, section 7)."""
    origins = {site_url(), site_url("www")}
    if not settings.PRODUCTION:
        origins |= {
            f"{settings.PUBLIC_SCHEME}://{host}{settings.PORT_IN_LINKS}" for host in LOOPBACK_HOSTS
        }
    return origins


def set_ticket_cookie(response: HttpResponse, slug: str, ticket: str) -> None:
    """Keep the ticket of a new tenant in the browser for its lifetime."""
    response.set_cookie(
        settings.TICKET_COOKIE_NAME,
        f"{slug}{SEPARATOR}{ticket}",
        max_age=LIFETIME_SECONDS,
        secure=settings.BROWSER_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def ticket_from_cookie(request: HttpRequest, slug: str) -> str:
    """Return the ticket that the browser has for a tenant; empty without one."""
    owner, _, ticket = request.COOKIES.get(settings.TICKET_COOKIE_NAME, "").partition(SEPARATOR)
    return ticket if owner == slug else ""
