"""Selects the site's URL configuration by the host, and enters a tenant that is served."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date

from core.http.negotiation import as_html_if_preferred
from core.http.responses import as_problem, problem_response
from core.problems import Problem
from core.text.normalization import timestamp
from core.text.translation import translatable
from tenants.context import TenantRef, bind_stream, tenant_context
from tenants.credentials import tenant_of_request
from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable
from tenants.request_counts import count_request
from tenants.routing import is_platform_host, site_for_host, site_url, tenant_for_host

GetResponse = Callable[[HttpRequest], HttpResponse]
HEALTH_PATHS = frozenset({"/api/health", "/api/health/live", "/api/health/ready"})
HSTS_HEADER = "Strict-Transport-Security"
RETRY_AFTER = {"Retry-After": "60"}
MAINTENANCE_MESSAGES = {
    Tenant.Maintenance.MIGRATION_FAILED: "Its last update failed and is being looked into.",
    Tenant.Maintenance.RESTORING: "It is being restored from an archive.",
    Tenant.Maintenance.CLONING: "It is being filled with a copy of another workspace.",
}
# Conditions for queries. Several can hold for one tenant; SERVED_Q excludes the others.
SUSPENDED_Q = Q(status=Tenant.Status.SUSPENDED)
SCHEDULED_Q = Q(deletion_due_at__isnull=False)
IN_MAINTENANCE_Q = ~Q(maintenance="")
SERVED_Q = Q(status=Tenant.Status.ACTIVE, maintenance="", deletion_due_at=None)


class TenantState(StrEnum):
    """The effective state of a tenant, ordered from served to deleting.

    A tenant can be suspended, scheduled for deletion and in maintenance at the same time. The state
    is the last of these in the order below.
    """

    SERVED = "served"
    MAINTENANCE = "maintenance"
    SUSPENDED = "suspended"
    SCHEDULED = "scheduled"
    DELETING = "deleting"


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


def tenant_state(tenant: Tenant | TenantRef) -> TenantState:
    """Return the effective state of a tenant."""
    if tenant.status == Tenant.Status.DELETING:
        return TenantState.DELETING
    if tenant.deletion_due_at is not None:
        return TenantState.SCHEDULED
    if tenant.status == Tenant.Status.SUSPENDED:
        return TenantState.SUSPENDED
    return TenantState.MAINTENANCE if tenant.maintenance else TenantState.SERVED


def require_visible(tenant: TenantRef | None) -> TenantRef:
    """Return the tenant unless it is None or being deleted.

    Raises: TenantNotFound.
    """
    if tenant is None or tenant_state(tenant) is TenantState.DELETING:
        raise TenantNotFound
    return tenant


def require_served(tenant: TenantRef) -> None:
    """Return if the tenant is served; raise a problem that states the reason otherwise.

    For clients the problem has the member ``deletion_due_at`` or ``maintenance``.

    Raises: TenantSuspended, TenantUnavailable, TenantNotFound.
    """
    state = tenant_state(tenant)
    if state is not TenantState.SERVED:
        raise _unavailable_problem(tenant, state)


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
    return as_html_if_preferred(request, problem_response(problem), "refused.html")


def _unavailable_problem(tenant: TenantRef, state: TenantState) -> Problem:
    if state is TenantState.SCHEDULED and tenant.deletion_due_at is not None:
        due = timestamp(tenant.deletion_due_at)
        why = translatable("This workspace will be deleted on %(day)s.", day=due[:10])
        return TenantSuspended(why, members={"deletion_due_at": due})
    if state is TenantState.SUSPENDED:
        return TenantSuspended(tenant.suspended_reason)
    if state is TenantState.MAINTENANCE:
        kind = Tenant.Maintenance(tenant.maintenance)
        why = translatable(
            "%(title)s %(cause)s",
            title=translatable(TenantUnavailable.title),
            cause=translatable(MAINTENANCE_MESSAGES[kind]),
        )
        return TenantUnavailable(why, headers=RETRY_AFTER, members={"maintenance": kind.value})
    return TenantNotFound()
