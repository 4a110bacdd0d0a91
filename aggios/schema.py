"""OpenAPI 3.1 of the host that is asked."""

from typing import Any

from django.http import HttpRequest
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request
from rest_framework.response import Response


class SchemaView(SpectacularJSONAPIView):
    """The description of the host's own URL configuration."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the document as JSON."""
        inner: HttpRequest = request._request
        self.urlconf = getattr(inner, "urlconf", None)
        response: Response = super().get(  # type: ignore[no-untyped-call]
            request, *args, **kwargs
        )
        return response
