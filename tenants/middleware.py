"""Selects the site's URL configuration by the host, and enters a tenant that is served."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date

from core.http.language import LanguageChoices, served_language
from core.http.negotiation import as_html_if_preferred
from core.http.responses import as_problem, problem_response
from core.problems import Problem
from core.time_zones import known_time_zone
from tenants.context import TenantRef, bind_stream, tenant_context
from tenants.credentials import tenant_of_request
from tenants.request_counts import count_request
from tenants.routing import is_platform_host, site_for_host, site_url, tenant_for_host
from tenants.states import require_served, require_visible

GetResponse = Callable[[HttpRequest], HttpResponse]
HEALTH_PATHS = frozenset({"/api/health", "/api/health/live", "/api/health/ready"})
HSTS_HEADER = "Strict-Transport-Security"


class TenantMiddleware:
    """Selects the URL configuration by host and runs the request inside its tenant."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not request.get_host(): its result depends on ALLOWED_HOSTS and X-Forwarded-Host. Unknown
        # hosts, unknown custom domains included, must get a 404 here.
        site = site_for_host(request.META.get("HTTP_HOST", ""))
        request.site_kind = site.kind  # type: ignore[attr-defined]
        request.urlconf = settings.SITE_URLCONFS[site.kind]
        try:
            if site.kind == "tenant":
                tenant = require_visible(tenant_for_host(site.name))
                trust_host(request)
                return self._serve(request, tenant, site.name)
            if site.kind == "api" and (named := tenant_of_request(request)):
                return self._serve(request, named)
        except DatabaseError as exc:
            if request.path_info not in HEALTH_PATHS:  # health reports the database itself
                return refusal_response(request, as_problem(exc))
        except Problem as problem:
            return refusal_response(request, problem)
        return self.get_response(request)

    def _serve(self, request: HttpRequest, tenant: TenantRef, name: str = "") -> HttpResponse:
        request.tenant = tenant  # type: ignore[attr-defined]
        # For a refusal. accounts/middleware.py adds the user's choice for a tenant that is served.
        request.language_choices = lambda: LanguageChoices(tenant=default_language(tenant))  # type: ignore[attr-defined]
        is_health = request.path_info in HEALTH_PATHS
        if not is_health:
            require_served(tenant)
        with tenant_context(tenant):
            if not is_health and (until := tenant.redirect_ends_at(name)):
                return redirect_to_current_name(request, tenant.slug, until)
            if not is_health:
                count_request(tenant.id)
            response = self.get_response(request)
        bind_stream(response, tenant)
        return response


class CustomDomainHSTSMiddleware:
    """Limits Strict-Transport-Security (RFC 6797) on hosts outside of the platform's domain.

    Django's SecurityMiddleware sends ``includeSubDomains`` and ``preload``, which cover a whole
    domain. The other hosts of a custom domain belong to its owner, and these directives would block
    them. So a custom domain gets a short max-age for that host only: if its owner moves it away,
    plain HTTP works again soon. Unknown hosts, and static files, which are served before the tenant
    is looked up, get no header. Must come before SecurityMiddleware in ``MIDDLEWARE``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if HSTS_HEADER in response.headers and not is_platform_host(
            request.META.get("HTTP_HOST", "")
        ):
            del response.headers[HSTS_HEADER]
            if hasattr(request, "tenant") and settings.DOMAIN_HSTS_SECONDS:
                response.headers[HSTS_HEADER] = f"max-age={settings.DOMAIN_HSTS_SECONDS}"
        return response


def trust_host(request: HttpRequest) -> None:
    """Make ``request.get_host()`` return the host, which is the name of a known tenant.

    ALLOWED_HOSTS cannot list custom domains. Django's CSRF check compares the origin of a form with
    ``get_host()``; without this it refuses every form that a page on a custom domain sends to
    itself. Forms of other origins are still refused.
    """
    host: str = request.META["HTTP_HOST"]
    request.get_host = lambda: host  # type: ignore[method-assign]


def redirect_to_current_name(request: HttpRequest, slug: str, until: datetime) -> HttpResponse:
    """Redirect a request for a former name to the same path and query of the current one.

    307 keeps the method and the body. The redirect is neither permanent nor cacheable, because
    another tenant may get the name later. For the same reason ``Clear-Site-Data`` deletes what our
    pages have stored under it. ``Sunset`` (RFC 8594) is the end of the redirect.
    """
    headers = {
        "Location": f"{site_url(slug)}{request.get_full_path()}",
        "Cache-Control": "no-store",
        # Not "cookies": that would delete them on every host of the platform.
        "Clear-Site-Data": '"storage"',
        "Sunset": http_date(until.timestamp()),
    }
    return HttpResponse(status=307, content_type="text/plain", headers=headers)


def refusal_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Return the problem as an HTML page for browsers and as problem+json for other clients."""
    with timezone.override(default_time_zone(getattr(request, "tenant", None))):
        return as_html_if_preferred(request, problem_response(problem), "refused.html")


def default_language(tenant: TenantRef) -> str:
    """Return the tenant's default language; empty without one that is served."""
    return served_language(str(dict(tenant.settings).get("language") or ""))


def default_time_zone(tenant: TenantRef | None) -> tzinfo:
    """Return the tenant's default time zone, or that of the platform (UTC)."""
    name = str(dict(tenant.settings).get("time_zone") or "") if tenant else ""
    return ZoneInfo(known_time_zone(name) or settings.TIME_ZONE)
