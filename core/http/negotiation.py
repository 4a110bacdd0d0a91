"""A page in place of problem+json, for somebody who came with a browser."""

import json
from collections.abc import Iterable
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.http.request import MediaType
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import override
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from core.http.language import request_language, with_language

HTML = "text/html"


JSON = ("application/json", "application/problem+json")


# Browsers send about five ranges. Parsing one takes a microsecond to some milliseconds.
MAX_RANGES = 32


MAX_RANGE_LENGTH = 128


def is_api_request(request: HttpRequest) -> bool:
    """Tell whether a request is for the API, which never answers with a page."""
    return request.path == "/api" or request.path.startswith("/api/")


def prefers_html(request: HttpRequest) -> bool:
    """Tell whether the client names HTML and likes JSON no better; ``*/*`` names nothing.

    The API never answers with a page.
    """
    if is_api_request(request) or not accepts_explicitly(request, HTML):
        return False
    return accept_quality(request, HTML) >= max(accept_quality(request, kind) for kind in JSON)


def as_html_if_preferred(
    request: HttpRequest, response: HttpResponse, template: str = "error.html"
) -> HttpResponse:
    """Return a problem+json response as the page that says the same, if the client wants one."""
    if not prefers_html(request):
        patch_vary_headers(response, ("Accept",))
        return response
    language = request_language(request)
    with override(language):
        text = render_to_string(template, {"problem": json.loads(response.content)}, request)
    kept = {name: v for name, v in response.headers.items() if name != "Content-Type"}
    page = HttpResponse(text, status=response.status_code, headers=kept)
    patch_vary_headers(page, ("Accept",))
    page.headers["Cache-Control"] = "no-store"
    return with_language(request, page, language)


# What a client accepts (RFC 9110 section 12.5.1).
def accepted_range(request: HttpRequest, media_type: str) -> MediaType | None:
    """Return the range of ``Accept`` that a media type falls under, or None.

    That is the most specific one, whatever its quality: ``text/html;q=0, */*`` accepts no HTML.
    """
    wanted = MediaType(media_type)
    matching = [found for found in _ranges(request) if wanted.match(found)]  # type: ignore[arg-type]
    return max(matching, key=lambda found: found.specificity, default=None)


def accept_quality(request: HttpRequest, media_type: str) -> float:
    """Return how much a client likes a media type, 0 to 1; 0 is not at all."""
    found = accepted_range(request, media_type)
    return found.quality if found else 0


def accepts_explicitly(request: HttpRequest, media_type: str) -> bool:
    """Tell whether a client asks for a media type itself, not just for anything."""
    found = accepted_range(request, media_type)
    return found is not None and found.quality > 0 and found.main_type != "*"


def _ranges(request: HttpRequest) -> list[MediaType]:
    parts = request.headers.get("Accept", "*/*").split(",", MAX_RANGES)[:MAX_RANGES]
    found = []
    for part in parts:
        if len(part) <= MAX_RANGE_LENGTH:
            with suppress(ValueError, LookupError):  # parameters that cannot be decoded
                found.append(MediaType(part))
    return found


# Which representation an answer has, whatever ``Accept`` says.


class IgnoreClientContentNegotiation(DefaultContentNegotiation):
    """Answers in the form there is rather than with 406, as RFC 9110 section 12.5.1 allows.

    ``<img>``, download managers and clients that accept ``application/problem+json`` alone would be
    turned away otherwise, and an answer that they can read anyway is of more use.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer; every view of ours has one."""
        first = next(iter(renderers))
        return first, str(first.media_type)
