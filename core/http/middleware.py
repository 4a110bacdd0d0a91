"""The outermost middleware: request id, response headers, access log, refusal of encodings.

Requests must be UTF-8 and not compressed. Django replaces bytes that it cannot decode with U+FFFD,
so that different texts become equal. Queries and forms are UTF-8 (URL Standard, section 5.1).
"""

import logging
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import override

from core.http.language import preferred_language
from core.http.negotiation import as_html_if_preferred, is_api_request
from core.http.responses import problem_response
from core.observability.logging import redact_path
from core.observability.metrics import observe_request
from core.problems import (
    FieldError,
    MalformedBody,
    Problem,
    UnsupportedMediaType,
    UnsupportedVersion,
    ValidationFailed,
)
from core.request_context import (
    API_VERSION,
    RequestContext,
    client_address,
    request_id_or_new,
    use_request_context,
)
from core.text.translation import translatable

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
QUIET_PATHS = frozenset({"/api/health/live", "/api/health/ready", "/metrics", "/internal/traefik"})
log = logging.getLogger("aggios.access")
GetResponse = Callable[[HttpRequest], HttpResponse]
FORM = "application/x-www-form-urlencoded"
# A text without a match is ASCII.
BEYOND_ASCII = re.compile(rb"%[89A-Fa-f]|[\x80-\xff]")
MAX_SHOWN_NAME_LENGTH = 100


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
            response = self._respond(request, context)
            _add_headers(request, response, context)
            _log_request(request, response, context, time.perf_counter() - started)
        return response

    def _respond(self, request: HttpRequest, context: RequestContext) -> HttpResponse:
        """Return the response, with the language of an API request active for its errors.

        Messages of Django and of Django REST framework are translated when they are raised.
        """
        if context.accept_language and is_api_request(request):
            language = preferred_language(context.accept_language)
            if language != settings.LANGUAGE_CODE:
                with override(language):
                    return self.get_response(request)
        return self.get_response(request)


class ApiVersionMiddleware:
    """Refuses unknown API versions. It is inside the middleware for security and CORS headers."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.META.get("HTTP_X_API_VERSION")
        if asked and asked != API_VERSION:
            detail = translatable(
                "Version %(asked)r is not served; ask for %(served)r.",
                asked=asked[:20],
                served=API_VERSION,
            )
            return problem_response(UnsupportedVersion(detail))
        return self.get_response(request)


class EncodingMiddleware:
    """Refuses queries and forms that are not UTF-8, and content codings.

    It runs before the tenant routing, because error pages read the query too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _lowercase_media_type(request)
        try:
            _reject_content_coding(request)
            _require_utf8_query(request)
        except Problem as problem:
            return as_html_if_preferred(request, problem_response(problem))
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Refuse a form before the CSRF check reads it. The API accepts no URL-encoded forms."""
        if request.method != "POST" or request.content_type != FORM or is_api_request(request):
            return None
        name = undecodable_field(request.body)
        if name is None:
            return None
        detail = translatable("The field %(name)r of the form is not UTF-8.", name=name)
        problem = MalformedBody(detail)
        return as_html_if_preferred(request, problem_response(problem))


def undecodable_field(encoded: bytes) -> str | None:
    """Return the name of the first field in a URL-encoded text that is not UTF-8, or None."""
    if BEYOND_ASCII.search(encoded) is None or _is_utf8(encoded):
        return None
    pair = next(pair for pair in encoded.split(b"&") if not _is_utf8(pair))
    name = unquote_to_bytes(pair.partition(b"=")[0].replace(b"+", b" "))
    return name.decode(errors="replace")[:MAX_SHOWN_NAME_LENGTH]


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


def _is_utf8(encoded: bytes) -> bool:
    try:
        unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        return False
    return True


def _lowercase_media_type(request: HttpRequest) -> None:
    """Write the media type in lower case (RFC 9110 section 8.3.1): some parsers compare case."""
    kind, semicolon, parameters = request.META.get("CONTENT_TYPE", "").partition(";")
    if kind != kind.lower():
        request.META["CONTENT_TYPE"] = f"{kind.lower()}{semicolon}{parameters}"


def _reject_content_coding(request: HttpRequest) -> None:
    """Raise UnsupportedMediaType for a compressed body (RFC 9110 section 15.5.16)."""
    codings = request.headers.get("Content-Encoding", "").lower().split(",")
    if any(coding.strip() not in {"", "identity"} for coding in codings):
        raise UnsupportedMediaType(
            "Send the body without a content coding.", headers={"Accept-Encoding": "identity"}
        )


def _require_utf8_query(request: HttpRequest) -> None:
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    name = undecodable_field(query)
    if name is not None:
        error = FieldError(name, "not_utf8", "Send it in UTF-8, percent-encoded.")
        raise ValidationFailed(errors=[error])
