"""Error responses: exceptions become problems, and problems become problem+json (RFC 9457)."""

import logging
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.cache import patch_vary_headers
from django.utils.translation import override
from rest_framework import exceptions as drf
from rest_framework.views import set_rollback

from core import problems
from core.http.body_errors import incomplete_body_problem
from core.http.language import preferred_language
from core.http.problem_documents import ProblemResponse, problem_document
from core.problems import FieldError, Problem
from core.request_context import request_context
from core.text.translation import translatable

log = logging.getLogger(__name__)
# Django's exceptions, and the driver's own where Django does not wrap them.
DATABASE_ERRORS = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)

RETRY_SECONDS = "2"


def problem_response(problem: Problem) -> HttpResponse:
    """Render ``problem`` as ``application/problem+json`` (RFC 9457).

    The texts are in the language that the request prefers. Codes and names are not translated.
    """
    language = preferred_language(request_context().accept_language)
    with override(language):
        document = problem_document(problem)
    headers = dict(problem.headers)
    if problem.status == 503:
        headers.setdefault("Retry-After", RETRY_SECONDS)
    if problem.status == 401:
        challenge = ", ".join(filter(None, ('Bearer realm="aggios"', problem.challenge)))
        headers.setdefault("WWW-Authenticate", challenge)
    headers["Content-Language"] = language
    response = ProblemResponse(problem, document, headers)
    patch_vary_headers(response, ("Accept-Language",))
    return response


def exception_response(exc: Exception, context: dict[str, Any] | None = None) -> HttpResponse:
    """Return the response for a view's exception. An unknown one is logged and becomes a 500."""
    set_rollback()
    return problem_response(as_problem(exc))


def as_problem(exc: BaseException) -> Problem:
    """Return the problem for an exception. An unknown one is logged and its text hidden."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, DATABASE_ERRORS):
        log.error("database_unavailable", exc_info=exc)
        return problems.DatabaseUnavailable()
    if isinstance(exc, drf.APIException):
        return _drf_problem(exc)
    if isinstance(exc, UnreadablePostError):
        return incomplete_body_problem(exc, problems.MalformedBody("The body broke off."))
    for types, problem in _DJANGO_PROBLEMS:
        if isinstance(exc, types):
            return problem()
    log.error("unhandled_exception", exc_info=exc)
    return problems.InternalError()


_DJANGO_PROBLEMS: list[tuple[tuple[type[BaseException], ...], type[Problem]]] = [
    ((Http404,), problems.NotFound),
    ((PermissionDenied,), problems.PermissionRefused),
    ((RequestDataTooBig,), problems.BodyTooLarge),
    ((TooManyFieldsSent, TooManyFilesSent), problems.TooManyFields),
    ((MultiPartParserError, UnicodeError), problems.MalformedBody),
]

_DRF_PROBLEMS: list[tuple[type[drf.APIException], type[Problem]]] = [
    (drf.ParseError, problems.MalformedBody),
    (drf.NotAuthenticated, problems.NotAuthenticated),
    (drf.AuthenticationFailed, problems.NotAuthenticated),
    (drf.PermissionDenied, problems.PermissionRefused),
    (drf.NotFound, problems.NotFound),
    (drf.UnsupportedMediaType, problems.UnsupportedMediaType),
    (drf.Throttled, problems.RateLimited),
]


def _drf_problem(exc: drf.APIException) -> Problem:
    if isinstance(exc, drf.ValidationError):
        # One more than is shown, so that the response says that there are more.
        errors = islice(_field_errors(exc.detail), problems.MAX_ERRORS + 1)
        return problems.ValidationFailed(errors=list(errors))
    if isinstance(exc, drf.MethodNotAllowed):
        return problems.MethodNotAllowed(str(exc.detail))
    for kind, problem in _DRF_PROBLEMS:
        if isinstance(exc, kind):
            return problem(str(exc.detail))
    return problems.InternalError()


def _field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """Flatten DRF's nested error details: ``{"a": {"b": [e]}}`` names the field ``a.b``."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _field_errors(value, _join(path, key))
    elif isinstance(detail, list):
        for value in detail:
            yield from _field_errors(value, path)
    else:
        code = getattr(detail, "code", "invalid")
        yield FieldError(path or "non_field_errors", code, str(detail))


def _join(path: str, key: Any) -> str:
    if key == "non_field_errors":
        return path
    return f"{path}.{key}" if path else str(key)


# -- Django's error handlers, for errors outside of API views (named in each URL configuration) ----
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_response(known_problem(exception, problems.BadRequest()))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_response(problems.PermissionRefused())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    detail = translatable("No route serves %(path)s.", path=request.path)
    return problem_response(problems.NotFound(detail))


def server_error(request: HttpRequest) -> HttpResponse:
    exc = sys.exc_info()[1]
    return problem_response(as_problem(exc) if exc else problems.InternalError())


def known_problem(exc: Exception | None, otherwise: Problem) -> Problem:
    """Return the problem for a known exception, or ``otherwise``; never a 500."""
    for types, problem in _DJANGO_PROBLEMS:
        if isinstance(exc, types):
            return problem()
    return otherwise
