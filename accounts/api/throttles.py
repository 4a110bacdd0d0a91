"""Rate limits of authenticated calls, declared at the view."""

from rest_framework.request import Request

from core.api.views import RateLimitCheck
from core.rate_limits.limits import consume
from core.text.email_addresses import address_key
from tenants.context import current_tenant


def by_tenant(name: str) -> RateLimitCheck:
    """Count requests per tenant for the limit ``name``."""
    return lambda request: consume(name, str(current_tenant().id))


def by_user(name: str) -> RateLimitCheck:
    """Count requests per user for the limit ``name``."""
    return lambda request: consume(name, str(current_tenant().id), str(request.user.id))


def consume_address_limit(email: str) -> None:
    """Count an e-mail to an address, over all users of the tenant. Raises: RateLimited."""
    consume("invite_address", str(current_tenant().id), address_key(email))


def only_method(method: str, *limits: RateLimitCheck) -> RateLimitCheck:
    """Apply limits to one method of a view."""

    def limit(request: Request) -> None:
        if request.method == method:
            for each in limits:
                each(request)

    return limit
