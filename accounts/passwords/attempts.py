"""Counting tries of a password: failures only, and never so that an outsider locks somebody out.

| limit | counted for | what it stops |
|---|---|---|
| ``login_rate`` | address, right ones too | each try costs an Argon2 |
| ``login_address`` | address | many accounts tried from one address |
| ``login_account`` | account and address | one account tried from one address |
| ``login_hour`` | account | one account tried from many addresses |

The last would let an outsider keep the owner out. So addresses from which the account has logged in
before, or set a new password, are counted apart from all others (OWASP Authentication Cheat Sheet,
"Account Lockout"). It is not told in headers: its state would show what others do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.cache import cache

from accounts.models import Session
from accounts.problems import InvalidCredentials, WrongPassword
from core.address import limit_key
from core.composite_keys import composite_digest
from core.context import request_context
from core.limits import Use, settle, take_all
from core.problems import RateLimited
from tenants.context import current_tenant

FAMILIAR_SECONDS = 30 * 86400
REMEMBERED_SESSIONS = 100
FAILURES = (InvalidCredentials, WrongPassword)
ACCOUNT_WIDE = "login_hour"


@dataclass(frozen=True, slots=True)
class _Attempt:
    rate: Use
    address: Use
    account: Use
    hour: Use

    def give_back(self) -> None:
        """It was no failure, or none of a password."""
        settle(given_back=[self.address, self.account, self.hour])

    def succeed(self) -> None:
        """Forget the failures of this account from this address, and those of nobody else."""
        settle(cleared=[self.account], given_back=[self.address, self.hour])


@contextmanager
def counted_attempt(email: str) -> Iterator[None]:
    """Count the block as one try of the password of ``email`` in the current tenant.

    It is counted beforehand, so that tries at once cannot all find room. Raises RateLimited.
    """
    attempt = _begin(email)
    try:
        yield
    except FAILURES:
        raise
    except BaseException:
        attempt.give_back()
        raise
    attempt.succeed()


def _begin(email: str) -> _Attempt:
    address = limit_key(request_context().client_address)
    tenant = str(current_tenant().id)
    attempt = _Attempt(
        Use("login_rate", (address,)),
        Use("login_address", (address,)),
        Use("login_account", (tenant, email, address)),
        Use(ACCOUNT_WIDE, (tenant, email), quiet=True),
    )
    try:
        _take(attempt)
    except RateLimited as exc:
        if exc.members["limits"] != [ACCOUNT_WIDE] or not is_familiar(email, address):
            raise
        hour = Use(ACCOUNT_WIDE, (tenant, email, address), quiet=True)
        attempt = _Attempt(attempt.rate, attempt.address, attempt.account, hour)
        _take(attempt)
    return attempt


def _take(attempt: _Attempt) -> None:
    take_all(attempt.account, attempt.address, attempt.rate, attempt.hour)


def is_familiar(email: str, address: str) -> bool:
    """Tell whether the account has logged in from this address, as limits count addresses."""
    if cache.get(_mark(email, address)):
        return True
    sessions = Session.objects.filter(user__email=email, ip__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("ip", flat=True)[:REMEMBERED_SESSIONS]
    return address in {limit_key(ip) for ip in known if ip}


def make_familiar(email: str) -> None:
    """Remember the address that asks: whoever asks has just proved that they read the mail."""
    address = limit_key(request_context().client_address)
    cache.set(_mark(email, address), True, FAMILIAR_SECONDS)


def _mark(email: str, address: str) -> str:
    return f"familiar-{composite_digest(email, address)}"
