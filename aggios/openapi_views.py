"""The OpenAPI 3.1 document of a host, and its page.

Both are the same for every client and change only with a release. Generating takes about 0.1 s, so
each process does it once for each kind of host. Clients cache both and revalidate with
``If-None-Match``.
"""

import threading
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from core.http.conditional import etag_of_bytes, matches_if_none_match
from core.http.foreign_scripts import with_foreign_scripts

FILE_NAME = "Aggios API.json"
MAX_AGE_SECONDS = 300
CACHE_CONTROL = f"private, max-age={MAX_AGE_SECONDS}"
# Prevents threads from generating it at the same time.
_GENERATING = threading.Lock()


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI document of the host's URL configuration."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the document, or 304 if the client has it."""
        with _GENERATING:
            body, etag = openapi_document(getattr(request._request, "urlconf", None))
        headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
        if matches_if_none_match(request, etag):
            return HttpResponse(status=304, headers=headers)
        headers["Content-Disposition"] = f'inline; filename="{FILE_NAME}"'
        return HttpResponse(body, content_type=OpenApiJsonRenderer.media_type, headers=headers)


@cache
def openapi_document(urlconf: str | None) -> tuple[bytes, str]:
    """Return the OpenAPI document of a URL configuration as JSON, and its ETag.

    Call it with constants of the settings only: every result is cached.
    """
    with override(settings.LANGUAGE_CODE):
        generator = SchemaGenerator(urlconf=urlconf)  # type: ignore[no-untyped-call]
        schema = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
        body: bytes = OpenApiJsonRenderer().render(schema)
    return body, etag_of_bytes(body)


@method_decorator(with_foreign_scripts, name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. A page: without metadata, so OPTIONS needs no template."""

    metadata_class = None

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the page or its script, without a CSRF token.

        The API does not use the token, and it would make each response different.
        """
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response.data["csrf_token"] = ""
        return response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Add an ETag to the page and its script, or return 304 if the client has it."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            response.add_post_render_callback(lambda rendered: _add_etag(request, rendered))
        return response


def _add_etag(request: Request, response: Response) -> HttpResponse | None:
    """Add an ETag to a rendered response, or return a 304 for it."""
    etag = etag_of_bytes(response.content)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = CACHE_CONTROL
    if not matches_if_none_match(request, etag):
        return None
    return HttpResponse(status=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
