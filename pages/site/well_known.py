"""Files that programs read: robots.txt, favicon.ico, sitemap.xml, and those of /.well-known/."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone

from core.api.views import require_safe
from pages.site.documents import document_names
from tenants.routing import site_url

CACHE_SECONDS = 86400
# RFC 9116 section 2.5.5 recommends less than a year.
SECURITY_TXT_DAYS = 180
SITE_PAGES = (
    "front",
    "site-features",
    "site-security",
    "site-documentation",
    "site-status",
    "site-contact",
    "site-terms",
    "site-privacy",
    "sign-up-page",
)


def cacheable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Allow GET and HEAD only, and let every cache keep the response for a day."""

    @require_safe
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
        return response

    return wrapper


@cacheable
def robots(request: HttpRequest) -> HttpResponse:
    """Allow the pages of the public site (RFC 9309)."""
    lines = ["User-agent: *", "Allow: /", "Disallow: /api/", f"Sitemap: {site_url()}/sitemap.xml"]
    return _text(lines)


@cacheable
def robots_closed(request: HttpRequest) -> HttpResponse:
    """Disallow everything: workspaces, admin and API are for people who know their address."""
    return _text(["User-agent: *", "Disallow: /"])


@cacheable
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect programs that ask for the usual name to the icon."""
    return HttpResponseRedirect(static("aggios/icon.svg"))


@cacheable
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the public pages (sitemaps.org)."""
    paths = [reverse(name) for name in SITE_PAGES]
    paths += [reverse("site-document", args=[name]) for name in document_names()]
    context = {"addresses": [f"{site_url()}{path}" for path in paths]}
    return render(request, "site/sitemap.xml", context, content_type="application/xml")


@cacheable
def security_txt(request: HttpRequest) -> HttpResponse:
    """Say how to report a vulnerability (RFC 9116)."""
    last_day = timezone.now().date() + timedelta(days=SECURITY_TXT_DAYS)
    expires = datetime.combine(last_day, time(), UTC)
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, pt",
        f"Canonical: {site_url()}/.well-known/security.txt",
        f"Policy: {site_url()}{reverse('site-security')}",
    ]
    return _text(lines)


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Redirect to the page for it (W3C, A Well-Known URL for Changing Passwords)."""
    is_tenant = getattr(request, "tenant", None) is not None
    return HttpResponseRedirect("/me/password" if is_tenant else f"{site_url('dash')}/")


def _text(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
