"""From the host name to the site and, on a tenant's host, into the tenant, and always out again."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from core.http.negotiation import as_html_if_preferred
from core.http.responses import as_problem, problem_response
from core.problems import Problem
from tenants.availability import require_served, require_visible
from tenants.context import bind_stream, tenant_context
from tenants.credentials import tenant_of_request
from tenants.hosts import is_platform_host, site_for_host, site_url
from tenants.refs import TenantRef
from tenants.request_counts import count_request
from tenants.routing import tenant_for_host

GetResponse = Callable[[HttpRequest], HttpResponse]


HEALTH_PATHS = frozenset({"/api/health", "/api/health/live", "/api/health/ready"})


HSTS_HEADER = "Strict-Transport-Security"


class TenantMiddleware:
    """Choose the URL configuration by host and run the request inside its tenant."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not request.get_host(): its answer depends on ALLOWED_HOSTS and X-Forwarded-Host, and
        # what is not ours must end in a 404 here, custom domains included.
        site = site_for_host(request.META.get("HTTP_HOST", ""))
        request.site_kind = site.kind  # type: ignore[attr-defined]
        request.urlconf = settings.SITE_URLCONFS[site.kind]
        try:
            if site.kind == "tenant":
                tenant = require_visible(tenant_for_host(site.name))
                trust_host(request)
                return self._serve(request, tenant, site.name)
            if site.kind == "api" and (holder := tenant_of_request(request)):
                return self._serve(request, holder)
        except DatabaseError as exc:
            if request.path_info not in HEALTH_PATHS:  # which tells of the database itself
                return refusal_response(request, as_problem(exc))
        except Problem as problem:
            return refusal_response(request, problem)
        return self.get_response(request)

    def _serve(self, request: HttpRequest, tenant: TenantRef, name: str = "") -> HttpResponse:
        request.tenant = tenant  # type: ignore[attr-defined]
        is_health = request.path_info in HEALTH_PATHS
        if not is_health:
            require_served(tenant)
        with tenant_context(tenant):
            if not is_health and (until := tenant.left(name)):
                return redirect_to_current_name(request, tenant.slug, until)
            if not is_health:
                count_request(tenant.id)
            response = self.get_response(request)
        bind_stream(response, tenant)
        return response


def trust_host(request: HttpRequest) -> None:
    """Let Django take the request's host as valid: it is the name of a tenant that was found.

    ALLOWED_HOSTS cannot list proved custom domains. Django's CSRF check compares a form's origin
    with ``get_host()``, so without this it refuses each form that a custom domain's page sends to
    itself. The origins of other hosts are still refused.
    """
    host: str = request.META["HTTP_HOST"]
    request.get_host = lambda: host  # type: ignore[method-assign]


def redirect_to_current_name(request: HttpRequest, slug: str, until: datetime) -> HttpResponse:
    """Send a request for a former name on to the same path and query of the present one.

    307 keeps the method and the body. Not permanent and not to be stored: the day may come on
    which another tenant has the name. For the same reason browsers are told to drop what our pages
    have kept under it. ``Sunset`` (RFC 8594) says when the redirect ends.
    """
    headers = {
        "Location": f"{site_url(slug)}{request.get_full_path()}",
        "Cache-Control": "no-store",
        # Not "cookies": those would be dropped on every host of the platform.
        "Clear-Site-Data": '"storage"',
        "Sunset": http_date(until.timestamp()),
    }
    return HttpResponse(status=307, content_type="text/plain", headers=headers)


def refusal_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer a browser with a page and everybody else with problem+json."""
    return as_html_if_preferred(request, problem_response(problem), "refused.html")


# Strict-Transport-Security (RFC 6797) on hosts that are not ours.
#
# ``includeSubDomains`` and preloading speak for a whole domain. Of ours we may say so; a custom
# domain's other hosts belong to somebody else, whom they would lock out.


class CustomDomainHSTSMiddleware:
    """Outside of Django's SecurityMiddleware: says less on custom domains, nothing elsewhere.

    A short time, so that whoever takes a domain back is soon free to serve it another way. Names
    that lead to no tenant, and files that are served before a tenant is looked for, go without.
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
