"""Counting log-in attempts of staff, at the admin's form and at the API alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.address import limit_key
from core.context import request_context
from core.limits import Use, settle, take_all
from core.problems import InvalidCredentials

# Longer than any address; what is counted must not grow with what is sent.
LONGEST = 254


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, counted for the account and the client's address."""

    email: str
    address: str

    def succeeded(self) -> None:
        """Forget the account's failures; this was none."""
        address, account = self.uses
        settle(cleared=[account], given_back=[address])

    def give_back(self) -> None:
        """It was no failure of a password."""
        settle(given_back=self.uses)

    @property
    def uses(self) -> tuple[Use, Use]:
        """What is counted: failures of the address, and of the account from there."""
        account = Use("login_account", ("staff", self.email, self.address))
        return Use("login_address", (self.address,)), account


@contextmanager
def counted_attempt(email: str) -> Iterator[Attempt]:
    """Count the block as one attempt to log in as ``email``; it says itself when it succeeded.

    What is refused for another reason than a wrong password uses nothing up: nobody is kept out
    by a server that was too busy to look. Raises RateLimited.
    """
    attempt = _begin(email)
    try:
        yield attempt
    except InvalidCredentials:
        raise
    except BaseException:
        attempt.give_back()
        raise


def _begin(email: str) -> Attempt:
    """Count an attempt to log in as ``email``. Raises RateLimited when there were too many."""
    address = limit_key(request_context().client_address)
    attempt = Attempt(email.strip().lower()[:LONGEST], address)
    take_all(*attempt.uses)
    return attempt
