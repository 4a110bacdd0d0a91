"""The base of every API view."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.pagination import KeysetPagination
from core.http.conditional import NO_ETAG, require_match
from core.problems import MethodNotAllowed
from core.rate_limits.limits import consume_by_address

CONDITIONAL_METHODS = frozenset({"PUT", "PATCH", "DELETE"})
RateLimitCheck = Callable[[Request], None]
Row = TypeVar("Row", bound=Model)
PlainView = Callable[[HttpRequest], HttpResponse]


def limit_by_address(name: str) -> RateLimitCheck:
    """Declare that the limit ``name`` counts requests of one client address."""
    return lambda request: consume_by_address(name)


class ApiView(APIView):
    """A view whose limits stand in its declaration: ``limits = (by_address("signup"),)``."""

    limits: ClassVar[tuple[RateLimitCheck, ...]] = ()
    actions: ClassVar[dict[str, str]] = {}
    """What each method does, for views of tenants' people: see accounts/permissions.py."""

    has_etag: ClassVar[bool] = True
    """False where PUT, PATCH and DELETE change what has no entity tag, so that none can match."""

    pagination_class: ClassVar[type[KeysetPagination]]
    """Of views that list: see ``page``."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate, check permissions, compare If-Match, then count the request."""
        super().initial(request, *args, **kwargs)
        if not self.has_etag and request.method in CONDITIONAL_METHODS:
            require_match(request, NO_ETAG)
        for limit in self.limits:
            limit(request)

    def page(
        self,
        request: Request,
        rows: QuerySet[Row],
        show: Callable[[Row], Any],
        *,
        ordering: str = "",
    ) -> Response:
        """Return the page of a list that is asked for, each row as ``show`` gives it.

        In the order of the view's pages unless ``ordering`` names another. Raises ValidationFailed
        (limit) and InvalidCursor.
        """
        pages = self.pagination_class()
        pages.ordering = ordering or pages.ordering
        found = pages.paginate_queryset(rows, request, self)
        return pages.get_paginated_response([show(row) for row in found])


def require_safe(view: PlainView) -> PlainView:
    """Let a plain Django view serve GET and HEAD; anything else raises MethodNotAllowed."""

    @csrf_exempt  # it changes nothing, and a wrong method is to be called just that
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        return view(request)

    return guarded
