"""Counting log-in attempts of staff, at the admin's form and at the API alike."""

from dataclasses import dataclass

from core.address import limit_key
from core.context import request_context
from core.limits import clear, count_failure, require_room, take

# Longer than any address; what is counted must not grow with what is sent.
LONGEST = 254


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, counted for the account and the client's address."""

    email: str
    address: str

    def succeeded(self) -> None:
        """Forget the account's failures."""
        clear("login_account", "staff", self.email, self.address)

    def failed(self) -> None:
        """Count a failure of the address."""
        count_failure("login_address", self.address)


def begin(email: str) -> Attempt:
    """Count an attempt to log in as ``email``. Raises RateLimited when there were too many."""
    address = limit_key(request_context().client_address)
    attempt = Attempt(email.strip().lower()[:LONGEST], address)
    require_room("login_address", address)
    take("login_account", "staff", attempt.email, address)
    return attempt
