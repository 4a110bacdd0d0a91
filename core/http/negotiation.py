"""A page in place of problem+json, for somebody who came with a browser."""

import json

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.translation import override

from core.accept import accept_quality, accepts_explicitly
from core.http.language import request_language, with_language

HTML = "text/html"
JSON = ("application/json", "application/problem+json")


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
