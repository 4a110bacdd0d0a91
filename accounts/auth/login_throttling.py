"""Throttling of attempts to verify a user's password (core/rate_limits/login_throttle.py).

Known addresses are those of the user's earlier log-ins and password resets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.core.cache import cache

from accounts.models import Session
from accounts.problems import InvalidCredentials, WrongPassword
from core.http.client_address import limit_key
from core.rate_limits.login_throttle import LoginAccount, throttle_attempt
from core.request_context import request_context
from core.text.composite_keys import composite_digest
from core.text.email_addresses import address_key, lowercased_address
from tenants.context import current_tenant

KNOWN_ADDRESS_SECONDS = 30 * 86400
MAX_SESSIONS_CHECKED = 100
LOGIN_FAILURES = (InvalidCredentials, WrongPassword)


@contextmanager
def throttle_login(email: str) -> Iterator[None]:
    """Count the block as one attempt for the password of ``email`` in the current tenant.

    Raises: RateLimited.
    """
    tenant = str(current_tenant().id)
    account = LoginAccount(tenant, address_key(email), partial(is_known_address, email))
    with throttle_attempt(account, lambda exc: isinstance(exc, LOGIN_FAILURES)):
        yield


def is_known_address(email: str, address: str) -> bool:
    """Return whether the account has logged in from this address, in the form that limits use."""
    if cache.get(_cache_key(email, address)):
        return True
    spellings = {lowercased_address(email), address_key(email)}
    sessions = Session.objects.filter(user__email__in=spellings, ip__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("ip", flat=True)[:MAX_SESSIONS_CHECKED]
    return address in {limit_key(ip) for ip in known if ip}


def remember_address(email: str) -> None:
    """Remember the client address as known after a password reset by e-mail."""
    address = limit_key(request_context().client_address)
    cache.set(_cache_key(email, address), True, KNOWN_ADDRESS_SECONDS)


def _cache_key(email: str, address: str) -> str:
    return f"familiar-{composite_digest(address_key(email), address)}"
