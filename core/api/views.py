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
    """Return a check that consumes the limit ``name`` for the client's address."""
    return lambda request: consume_by_address(name)


class ApiView(APIView):
    """A view that declares its rate limits: ``limits = (limit_by_address("signup"),)``."""

    limits: ClassVar[tuple[RateLimitCheck, ...]] = ()
    actions: ClassVar[dict[str, str]] = {}
    """The action of each method, for views of tenant users: see accounts/permissions.py."""

    has_etag: ClassVar[bool] = True
    """False where PUT, PATCH and DELETE change something without an entity tag."""

    pagination_class: ClassVar[type[KeysetPagination]]
    """For views that list rows: see ``page``."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate, check permissions, compare If-Match, then consume rate limits."""
        super().initial(request, *args, **kwargs)
        if not self.has_etag and request.method in CONDITIONAL_METHODS:
            require_match(request, NO_ETAG)
        for limit in self.limits:
            limit(request)

    def page(
        self,
        request: Request,
        rows: QuerySet[Row],
        serialize: Callable[[Row], Any],
        *,
        ordering: str = "",
    ) -> Response:
        """Return the requested page of ``rows``, each serialized by ``serialize``.

        ``ordering`` replaces the default order. Raises: ValidationFailed (limit) and InvalidCursor.
        """
        pages = self.pagination_class()
        pages.ordering = ordering or pages.ordering
        found = pages.paginate_queryset(rows, request, self)
        return pages.get_paginated_response([serialize(row) for row in found])


def require_safe(view: PlainView) -> PlainView:
    """Decorate a Django view to serve only GET and HEAD; other methods raise MethodNotAllowed."""

    @csrf_exempt  # the view changes nothing, and a wrong method must be a 405 and not a CSRF error
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        return view(request)

    return guarded
