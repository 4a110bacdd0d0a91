"""Throttling of log-ins: each attempt consumes limits, and a success refunds them.

| limit | key | what it stops |
|---|---|---|
| ``login_rate`` | address, successes included | each attempt costs an Argon2 hash |
| ``login_address`` | address | many accounts tried from one address |
| ``login_account`` | account and address | one account tried from one address |
| ``login_hour`` | account | one account tried from many addresses |

With the last limit alone, an attacker could lock the user out. So familiar addresses of an account
are counted separately (OWASP Authentication Cheat Sheet, "Account Lockout"). It is not reported in
headers, because its state would show the attempts of others. Users and staff have the same limits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.problems import RateLimited
from core.rate_limits.limits import RateLimitUse, consume_all, refund
from core.request_context import limit_key, request_context

ACCOUNT_WIDE = "login_hour"
IsFailure = Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True)
class LoginAccount:
    """The account that an attempt counts for."""

    realm: str
    """The tenant's id, or ``staff``."""
    name: str
    """The lookup key of the account."""
    is_familiar: Callable[[str], bool]
    """Whether the account was used from an address (a key of ``limit_key``)."""

    def uses(self, address: str) -> "_LoginUses":
        """Return the uses that an attempt from an address consumes."""
        return _LoginUses(
            RateLimitUse("login_rate", (address,)),
            RateLimitUse("login_address", (address,)),
            RateLimitUse("login_account", (self.realm, self.name, address)),
            RateLimitUse(ACCOUNT_WIDE, (self.realm, self.name), quiet=True),
        )

    def familiar_uses(self, address: str) -> "_LoginUses":
        """Return the uses for a familiar address, which has its own hourly count."""
        usual = self.uses(address)
        hour = RateLimitUse(ACCOUNT_WIDE, (self.realm, self.name, address), quiet=True)
        return _LoginUses(usual.rate, usual.address, usual.account, hour)


@dataclass(frozen=True, slots=True)
class _LoginUses:
    rate: RateLimitUse
    address: RateLimitUse
    account: RateLimitUse
    hour: RateLimitUse

    def consume(self) -> None:
        consume_all(self.account, self.address, self.rate, self.hour)

    def cancel(self) -> None:
        refund(refunded=[self.address, self.account, self.hour])

    def succeed(self) -> None:
        refund(cleared=[self.account], refunded=[self.address, self.hour])


@contextmanager
def throttle_attempt(account: LoginAccount, is_failure: IsFailure) -> Iterator[None]:
    """Count the block as one attempt to authenticate as the account. Raises: RateLimited.

    The attempt is counted before the block runs, so that concurrent attempts are all counted. It
    stays counted if the block raises an exception that ``is_failure`` accepts; any other exception
    refunds it. Success also clears earlier failures of this account from this address.
    """
    uses = _consume(account)
    try:
        yield
    except BaseException as exc:
        if not is_failure(exc):
            uses.cancel()
        raise
    uses.succeed()


def _consume(account: LoginAccount) -> _LoginUses:
    address = limit_key(request_context().client_address)
    uses = account.uses(address)
    try:
        uses.consume()
    except RateLimited as exc:
        if exc.members["limits"] != [ACCOUNT_WIDE] or not account.is_familiar(address):
            raise
        uses = account.familiar_uses(address)
        uses.consume()
    return uses
