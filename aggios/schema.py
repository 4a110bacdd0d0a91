"""OpenAPI 3.1 of the host that is asked, and the page to read it."""

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularJSONAPIView):
    """The description of the host's own URL configuration."""

    def _get_schema_response(self, request: Request) -> Response:
        self.urlconf = getattr(request._request, "urlconf", None)
        response: Response = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
        return response


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. It is a page: there is nothing to say to OPTIONS, and no template to say it."""

    metadata_class = None
