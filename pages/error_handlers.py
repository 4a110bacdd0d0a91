"""Django's error handlers: problem+json, or a page for browsers; never a technical page."""

from django.http import HttpRequest, HttpResponse

from core.http import responses
from core.http.negotiation import as_html_if_preferred
from core.problems import FormExpired


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400."""
    return as_html_if_preferred(request, responses.bad_request(request, exception))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return as_html_if_preferred(request, responses.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return as_html_if_preferred(request, responses.not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer with the problem that a view raised, or 500."""
    return as_html_if_preferred(request, responses.server_error(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form without a valid CSRF token (CSRF_FAILURE_VIEW)."""
    return as_html_if_preferred(request, responses.problem_response(FormExpired()))
