"""Content negotiation (RFC 9110 section 12.5.1), HTML for browsers, and the JSON parser.

Errors are problem+json. A browser gets an HTML page with the same content.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import MediaType
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import override
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from core.http.language import request_language, with_language
from core.http.problem_documents import ProblemResponse, problem_document
from core.problems import BodyTooLarge, MalformedBody
from core.text.translation import TranslatableText, translatable

HTML = "text/html"
JSON = ("application/json", "application/problem+json")
# Browsers send about five ranges. Parsing one takes a microsecond to some milliseconds.
MAX_RANGES = 32
MAX_RANGE_LENGTH = 128


def accepted_range(request: HttpRequest, media_type: str) -> MediaType | None:
    """Return the range of ``Accept`` that matches a media type, or None.

    The most specific range wins, whatever its quality: ``text/html;q=0, */*`` accepts no HTML.
    """
    wanted = MediaType(media_type)
    matching = [found for found in _ranges(request) if wanted.match(found)]  # type: ignore[arg-type]
    return max(matching, key=lambda found: found.specificity, default=None)


def accept_quality(request: HttpRequest, media_type: str) -> float:
    """Return the quality that ``Accept`` gives a media type, 0 to 1; 0 means not accepted."""
    found = accepted_range(request, media_type)
    return found.quality if found else 0


def accepts_explicitly(request: HttpRequest, media_type: str) -> bool:
    """Tell whether ``Accept`` names the media type itself and not only ``*/*``."""
    found = accepted_range(request, media_type)
    return found is not None and found.quality > 0 and found.main_type != "*"


def is_api_request(request: HttpRequest) -> bool:
    """Tell whether the path belongs to the API, which never answers with HTML."""
    return request.path == "/api" or request.path.startswith("/api/")


def prefers_html(request: HttpRequest) -> bool:
    """Tell whether the client names HTML and gives JSON no higher quality."""
    if is_api_request(request) or not accepts_explicitly(request, HTML):
        return False
    return accept_quality(request, HTML) >= max(accept_quality(request, kind) for kind in JSON)


def as_html_if_preferred(
    request: HttpRequest, response: HttpResponse, template: str = "error.html"
) -> HttpResponse:
    """Return a problem+json response as an HTML page if the client prefers that."""
    if not prefers_html(request):
        patch_vary_headers(response, ("Accept",))
        return response
    language = request_language(request)
    with override(language):
        context = {
            "problem": _document(response),
            "retry_after": response.headers.get("Retry-After", ""),
        }
        text = render_to_string(template, context, request)
    kept = {name: v for name, v in response.headers.items() if name != "Content-Type"}
    page = HttpResponse(text, status=response.status_code, headers=kept)
    patch_vary_headers(page, ("Accept",))
    page.headers["Cache-Control"] = "no-store"
    return with_language(request, page, language)


def _document(response: HttpResponse) -> dict[str, Any]:
    """Return the problem document in the active language, which may not be the response's."""
    if isinstance(response, ProblemResponse):
        return problem_document(response.problem)
    document: dict[str, Any] = json.loads(response.content)
    return document


class IgnoreClientContentNegotiation(DefaultContentNegotiation):
    """Use the only renderer of a view instead of answering 406 (allowed by RFC 9110, 12.5.1).

    ``<img>``, download managers and clients that accept only ``application/problem+json`` would be
    refused otherwise, although they can use the response.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        first = next(iter(renderers))
        return first, str(first.media_type)


class StrictJSONParser(BaseParser):
    """JSON by RFC 8259: UTF-8, no NaN, unique names, at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document. Raises: MalformedBody or BodyTooLarge."""
        most = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        body = stream.read(most + 1)
        if len(body) > most:
            detail = translatable("Send at most %(count)s bytes of JSON.", count=most)
            raise BodyTooLarge(detail)
        try:
            return json.loads(
                body.decode("utf-8"),
                parse_constant=_reject_constant,
                object_pairs_hook=_reject_duplicate_names,
            )
        except (ValueError, RecursionError) as exc:
            detail = translatable("The body is not JSON: %(error)s", error=_error_text(exc))
            raise MalformedBody(detail) from exc


def _ranges(request: HttpRequest) -> list[MediaType]:
    parts = request.headers.get("Accept", "*/*").split(",", MAX_RANGES)[:MAX_RANGES]
    found = []
    for part in parts:
        if len(part) <= MAX_RANGE_LENGTH:
            with suppress(ValueError, LookupError):  # parameters that cannot be decoded
                found.append(MediaType(part))
    return found


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. Raises: ValueError for a duplicate name (RFC 8259 section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(translatable("a name occurs twice in one object"))
    return found


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(translatable("%(name)s is not JSON", name=name))


def _error_text(exc: Exception) -> str:
    if isinstance(exc, RecursionError):
        return translatable("nested too deeply")
    if isinstance(exc, json.JSONDecodeError):
        return translatable(
            "%(message)s: line %(line)s column %(column)s (char %(position)s)",
            message=translatable(exc.msg),
            line=exc.lineno,
            column=exc.colno,
            position=exc.pos,
        )
    message = exc.args[0] if exc.args else ""
    return message if isinstance(message, TranslatableText) else str(exc)[:200]
