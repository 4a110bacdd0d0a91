"""Counting attempts of staff to prove who they are: the log-ins and the change of a password.

Familiar are the addresses from which the account has logged in during the last 30 days, to the
admin or to the API: the audit trail has them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.queries import recent_addresses
from core.db_backend.scope import PUBLIC, enter
from core.http.client_address import limit_key
from core.problems import InvalidCredentials
from core.rate_limits.login_throttle import LoginAccount, throttled_login
from core.text.email_addresses import address_key
from staff.models import StaffUser

REALM = "staff"
FAMILIAR = timedelta(days=30)
# The codes of Django's forms for a wrong password: at the log-in and at the change of one.
WRONG = {"invalid_login", "password_incorrect"}


@contextmanager
def counted_attempt(email: str) -> Iterator[None]:
    """Count the block as one attempt to prove who has the account that ``email`` looks up.

    Raises RateLimited.
    """
    account = LoginAccount(REALM, address_key(email), partial(_is_familiar, email))
    with throttled_login(account, _is_failure):
        yield


def _is_failure(exc: BaseException) -> bool:
    if isinstance(exc, ValidationError):
        return getattr(exc, "code", None) in WRONG
    return isinstance(exc, InvalidCredentials)


def _is_familiar(email: str, address: str) -> bool:
    after = timezone.now() - FAMILIAR
    with enter(PUBLIC):
        known = recent_addresses(actor=_id_of(email), action="staff.logged_in", after=after)
        return address in {limit_key(ip) for ip in known}


def _id_of(email: str) -> str:
    try:
        return str(StaffUser.objects.get_by_natural_key(email).pk)
    except StaffUser.DoesNotExist:
        return ""
