"""The base of every API view."""

from collections.abc import Callable
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from core.context import request_context
from core.limits import take

Limit = Callable[[Request], None]


def by_address(name: str) -> Limit:
    """Declare that the limit ``name`` counts requests of one client address."""
    return lambda request: take(name, request_context().client_address)


class ApiView(APIView):
    """A view whose limits stand in its declaration: ``limits = (by_address("signup"),)``."""

    limits: ClassVar[tuple[Limit, ...]] = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate, check permissions, then count the request."""
        super().initial(request, *args, **kwargs)
        for limit in self.limits:
            limit(request)
