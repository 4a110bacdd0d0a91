"""The outermost middleware: request id, common response headers, access log, metrics."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from core.http.client_address import client_address
from core.http.negotiation import is_api_request
from core.http.responses import problem_response
from core.observability.logging import redact_path
from core.observability.metrics import observe_request
from core.problems import UnsupportedVersion
from core.request_context import API_VERSION, RequestContext, request_id_or_new, use_request_context

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
QUIET_PATHS = frozenset({"/api/health/live", "/api/health/ready", "/metrics", "/internal/traefik"})

log = logging.getLogger("aggios.access")
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestContextMiddleware:
    """Sets the request context, then adds headers, logs the request and counts it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        context = RequestContext(
            request_id=request_id_or_new(request.META.get("HTTP_X_REQUEST_ID", "")),
            client_address=client_address(request),
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:400],
            accept_language=request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:500],
        )
        with use_request_context(context):
            response = self.get_response(request)
            _add_headers(request, response, context)
            _log_request(request, response, context, time.perf_counter() - started)
        return response


class ApiVersionMiddleware:
    """Refuses unknown API versions. It is inside the middleware for security and CORS headers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.META.get("HTTP_X_API_VERSION")
        if asked and asked != API_VERSION:
            detail = f"Version {asked[:20]!r} is not served; ask for {API_VERSION!r}."
            return problem_response(UnsupportedVersion(detail))
        return self.get_response(request)


def _add_headers(request: HttpRequest, response: HttpResponse, context: RequestContext) -> None:
    for name, value in context.headers.items():
        response.headers[name] = value
    response.headers["X-Request-ID"] = context.request_id
    response.headers["X-API-Version"] = API_VERSION
    response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
    is_document = "application/" in response.headers.get("Content-Type", "")
    if is_document:
        # Responses differ by caller, so no shared cache may store them.
        response.headers.setdefault("Cache-Control", "no-store")
    # A 304 must have the Vary header of the 200 (RFC 9110 section 15.4.5). It has no content type,
    # so the path decides as well.
    if is_document or is_api_request(request):
        patch_vary_headers(response, ("Authorization",))
    if not response.streaming and not response.has_header("Content-Length"):
        response.headers["Content-Length"] = str(len(response.content))


def _log_request(
    request: HttpRequest, response: HttpResponse, context: RequestContext, seconds: float
) -> None:
    match = request.resolver_match
    context.route = match.route if match else ""
    site = getattr(request, "site_kind", "")
    observe_request(site, request.method or "", context.route, response.status_code, seconds)
    if request.path in QUIET_PATHS and response.status_code < 400:
        return
    log.info(
        "request",
        extra={
            "method": request.method,
            "path": redact_path(request.path),
            "route": context.route,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 2),
            "client_address": context.client_address,
        },
    )
