"""Middleware that runs on one kind of host only.

Sessions, CSRF and messages belong to the Django admin; the API has no use for them and should not
pay for them. ``request.site_kind`` is set by the tenant routing.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class OnlyOnAdminHost:
    """Mixin before a Django middleware class: passes the request through on every other host."""

    get_response: GetResponse

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request, "site_kind", "") != "admin":
            return self.get_response(request)
        response: HttpResponse = super().__call__(request)  # type: ignore[misc]
        return response
