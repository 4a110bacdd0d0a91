"""Throttling of log-ins: attempts are counted beforehand, and only failures stay counted.

| limit | counted for | what it stops |
|---|---|---|
| ``login_rate`` | address, right ones too | each attempt costs an Argon2 |
| ``login_address`` | address | many accounts tried from one address |
| ``login_account`` | account and address | one account tried from one address |
| ``login_hour`` | account | one account tried from many addresses |

The last would let an outsider lock the owner out. So addresses that are familiar to an account are
counted apart from all others (OWASP Authentication Cheat Sheet, "Account Lockout"). It is not told
in headers: its state would show what others do. Users of tenants and staff have the same limits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.http.client_address import limit_key
from core.problems import RateLimited
from core.rate_limits.limits import RateLimitUse, consume_all, refund
from core.request_context import request_context

ACCOUNT_WIDE = "login_hour"
IsFailure = Callable[[BaseException], bool]


@dataclass(frozen=True, slots=True)
class LoginAccount:
    """The account that an attempt is counted for, by the name that it is looked up by."""

    realm: str
    """The tenant's id, or the word for those who belong to none."""
    name: str
    is_familiar: Callable[[str], bool]
    """Whether the account is used from an address, which is one as limits count them."""

    def uses(self, address: str) -> "_LoginUses":
        """Return what an attempt from an address uses up."""
        return _LoginUses(
            RateLimitUse("login_rate", (address,)),
            RateLimitUse("login_address", (address,)),
            RateLimitUse("login_account", (self.realm, self.name, address)),
            RateLimitUse(ACCOUNT_WIDE, (self.realm, self.name), quiet=True),
        )

    def familiar_uses(self, address: str) -> "_LoginUses":
        """Return the same for a familiar address, which has an hourly count of its own."""
        usual = self.uses(address)
        hour = RateLimitUse(ACCOUNT_WIDE, (self.realm, self.name, address), quiet=True)
        return _LoginUses(usual.rate, usual.address, usual.account, hour)


@dataclass(frozen=True, slots=True)
class _LoginUses:
    rate: RateLimitUse
    address: RateLimitUse
    account: RateLimitUse
    hour: RateLimitUse

    def take(self) -> None:
        consume_all(self.account, self.address, self.rate, self.hour)

    def give_back(self) -> None:
        refund(given_back=[self.address, self.account, self.hour])

    def succeed(self) -> None:
        refund(cleared=[self.account], given_back=[self.address, self.hour])


@contextmanager
def throttle_attempt(account: LoginAccount, is_failure: IsFailure) -> Iterator[None]:
    """Count the block as one attempt to prove who has the account.

    It is counted beforehand, so that attempts at once are all counted. Only an exception that
    ``is_failure`` says so of is a failure; after any other one the attempt is given back, and a
    success clears the failures of this account from this address. Raises RateLimited.
    """
    uses = _consume(account)
    try:
        yield
    except BaseException as exc:
        if not is_failure(exc):
            uses.give_back()
        raise
    uses.succeed()


def _consume(account: LoginAccount) -> _LoginUses:
    address = limit_key(request_context().client_address)
    uses = account.uses(address)
    try:
        uses.take()
    except RateLimited as exc:
        if exc.members["limits"] != [ACCOUNT_WIDE] or not account.is_familiar(address):
            raise
        uses = account.familiar_uses(address)
        uses.take()
    return uses
