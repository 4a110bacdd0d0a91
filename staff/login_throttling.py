"""Login throttling of staff: log-ins to admin and API, and the current password for a change.

Familiar addresses are those of the account's log-ins in the last 30 days, from the audit trail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.queries import recent_ip_addresses
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import InvalidCredentials
from core.rate_limits.login_throttle import LoginAccount, throttle_attempt
from core.request_context import limit_key
from core.text.email_addresses import address_key
from staff.models import StaffUser

REALM = "staff"
FAMILIAR_PERIOD = timedelta(days=30)
# Error codes of Django's forms for a wrong password: at log-in, and at a password change.
WRONG_PASSWORD_CODES = {"invalid_login", "password_incorrect"}


@contextmanager
def throttle_login(email: str) -> Iterator[None]:
    """Count the block as one attempt to authenticate as ``email``. Raises: RateLimited."""
    account = LoginAccount(REALM, address_key(email), partial(_is_familiar, email))
    with throttle_attempt(account, _is_failure):
        yield


def _is_failure(exc: BaseException) -> bool:
    if isinstance(exc, ValidationError):
        return getattr(exc, "code", None) in WRONG_PASSWORD_CODES
    return isinstance(exc, InvalidCredentials)


def _is_familiar(email: str, address: str) -> bool:
    after = timezone.now() - FAMILIAR_PERIOD
    with use_scope(PUBLIC):
        known = recent_ip_addresses(actor=_id_of(email), action="staff.logged_in", after=after)
        return address in {limit_key(ip) for ip in known}


def _id_of(email: str) -> str:
    try:
        return str(StaffUser.objects.get_by_natural_key(email).pk)
    except StaffUser.DoesNotExist:
        return ""
