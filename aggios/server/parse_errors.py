"""Requests that gunicorn refuses before Django sees them, as problem+json (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from gunicorn.http import errors

from core.problems import (
    BadRequest,
    ExpectationFailed,
    HeadersTooLarge,
    InternalError,
    MalformedBody,
    NotImplementedHere,
    PermissionRefused,
    Problem,
    UriTooLong,
)
from core.request_context import API_VERSION, request_id_or_new

# Problems by gunicorn's exceptions. gunicorn's own messages quote the request, so they are not
# used.
_PROBLEMS: list[tuple[type[Exception] | tuple[type[Exception], ...], type[Problem], str]] = [
    (errors.LimitRequestLine, UriTooLong, ""),
    (errors.LimitRequestHeaders, HeadersTooLarge, ""),
    (errors.ExpectationFailed, ExpectationFailed, ""),
    (errors.UnsupportedTransferCoding, NotImplementedHere, ""),
    (errors.ForbiddenProxyRequest, PermissionRefused, ""),
    (errors.InvalidRequestMethod, BadRequest, "The method is not valid."),
    (errors.InvalidRequestLine, BadRequest, "The request line is not valid."),
    (errors.InvalidHTTPVersion, BadRequest, "The version of HTTP is not served."),
    (
        (errors.InvalidHeader, errors.InvalidHeaderName, errors.ObsoleteFolding),
        BadRequest,
        "A header field is not valid, or comes twice and may come once only.",
    ),
    (
        (errors.InvalidChunkSize, errors.ChunkMissingTerminator, errors.InvalidChunkExtension),
        MalformedBody,
        "The chunks of the body are not valid.",
    ),
    (errors.ConfigurationProblem, InternalError, ""),
    (errors.ParseException, BadRequest, ""),
]


def problem_for(exc: BaseException) -> Problem | None:
    """Return the problem for an exception of gunicorn's parser, or None."""
    for types, problem, detail in _PROBLEMS:
        if isinstance(exc, types):
            return problem(detail)
    return None


def render_response(problem: Problem, client_id: str = "") -> tuple[str, bytes]:
    """Return the request id and a complete response that ends the connection."""
    request_id = request_id_or_new(client_id)
    body = json.dumps(problem.body(request_id, settings.PROBLEM_TYPE_BASE)).encode()
    head = [
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        f"X-Request-ID: {request_id}",
        f"X-API-Version: {API_VERSION}",
        "Connection: close",
    ]
    return request_id, "\r\n".join([*head, "", ""]).encode() + body


def client_request_id(*sources: Any) -> str:
    """Return the request id that the client sent, if gunicorn has parsed it, else an empty text."""
    for source in sources:
        for name, value in getattr(source, "headers", None) or []:
            if name == "X-REQUEST-ID":
                return str(value)
    return ""
