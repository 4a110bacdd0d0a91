"""Middleware that runs on one kind of host only.

Sessions, CSRF and messages belong to the Django admin; the API has no use for them and should not
pay for them. ``request.site_kind`` is set by the tenant routing.
"""

from django.http import HttpRequest, HttpResponse


class AdminHostMixin:
    """Mixin before a Django middleware class: passes the request through on every other host."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "site_kind", "") != "admin":
            passed: HttpResponse = self.get_response(request)  # type: ignore[attr-defined]
            return passed
        response: HttpResponse = super().__call__(request)  # type: ignore[misc]
        return response
