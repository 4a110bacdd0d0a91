"""Conditional requests: ETag, If-Match and If-None-Match (RFC 9110 section 13)."""

import hashlib
import json
from typing import Any

from django.http import HttpRequest
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from core.problems import PreconditionFailed
from core.text.composite_keys import composite_digest

# No client can send it, because an entity tag is in quotation marks.
NO_ETAG = "none"


def etag_of(*parts: Any) -> str:
    """Return a strong entity tag made from ``parts`` (an id, a time of change, …)."""
    return f'"{composite_digest(*(str(part) for part in parts))[:32]}"'


def etag_of_document(document: dict[str, Any]) -> str:
    """Return a strong entity tag for a serialized resource."""
    return etag_of(json.dumps(document, sort_keys=True))


def etag_of_bytes(content: bytes) -> str:
    """Return a strong entity tag for the bytes of a representation."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def require_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed if the request has an If-Match that does not match ``etag``."""
    wanted = request.headers.get("If-Match")
    if wanted is not None and not _matches(wanted, etag, weak=False):
        raise PreconditionFailed


def response_with_etag(request: Request, data: Any, etag: str, status: int = 200) -> Response:
    """Return ``data`` with its ETag, or 304 if If-None-Match matches.

    Raises: PreconditionFailed for a read whose If-Match does not match.
    """
    # Only the client may cache it, and it must revalidate each time.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.method in ("GET", "HEAD") and is_not_modified(request, etag):
        return Response(status=304, headers=headers)
    return Response(data, status=status, headers=headers)


def is_not_modified(request: Request, etag: str) -> bool:
    """Tell whether a read can be answered with 304 (precedence: RFC 9110 section 13.2.2).

    Raises: PreconditionFailed if If-Match does not match: a client that downloads ranges of one
    content must not get bytes of another.
    """
    require_match(request, etag)
    return matches_if_none_match(request, etag)


def matches_if_none_match(request: Request | HttpRequest, etag: str) -> bool:
    """Tell whether the request's If-None-Match matches ``etag``, by weak comparison."""
    known = request.headers.get("If-None-Match")
    return known is not None and _matches(known, etag, weak=True)


def _matches(header: str, etag: str, *, weak: bool) -> bool:
    candidates = parse_etags(header)
    if weak:
        candidates = [candidate.removeprefix("W/") for candidate in candidates]
    return etag in candidates or candidates == ["*"]
