"""Limits of calls that a person makes, declared at the view."""

from rest_framework.request import Request

from core.api.views import RateLimitCheck
from core.rate_limits.limits import consume
from core.text.email_addresses import address_key
from tenants.context import current_tenant


def by_tenant(name: str) -> RateLimitCheck:
    """Declare that the limit ``name`` counts the requests of one workspace."""
    return lambda request: consume(name, str(current_tenant().id))


def by_user(name: str) -> RateLimitCheck:
    """Declare that the limit ``name`` counts the requests of one person."""
    return lambda request: consume(name, str(current_tenant().id), str(request.user.id))


def consume_address_limit(email: str) -> None:
    """Count a letter to an address: nobody is to be pestered by one workspace.

    However many of its people write. Raises RateLimited.
    """
    consume("invite_address", str(current_tenant().id), address_key(email))


def only_method(method: str, *limits: RateLimitCheck) -> RateLimitCheck:
    """Declare limits of one method of a view."""

    def limit(request: Request) -> None:
        if request.method == method:
            for each in limits:
                each(request)

    return limit
