"""Rate limits: atomic counts in Redis, a local count while Redis is away.

A limit is a name in ``settings.RATE_LIMITS`` ("5/60": five in sixty seconds) and is counted for a
key, such as an address. The header fields are those of draft-ietf-httpapi-ratelimit-headers.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from redis.exceptions import RedisError

from core.http.client_address import limit_key
from core.problems import RateLimited
from core.rate_limits.windows import LocalWindows, RedisWindows, State, Window
from core.request_context import request_context
from core.text.composite_keys import composite_key

log = logging.getLogger(__name__)
PREFIX = "aggios-limits/"


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the limit ``name`` for ``key``. A quiet one is not told of in headers."""

    name: str
    key: tuple[str, ...]
    quiet: bool = False
    amount: int | None = None
    """How many there may be, instead of what the setting says."""

    @property
    def window(self) -> Window:
        """The window that it is counted in."""
        usual, _, seconds = settings.RATE_LIMITS[self.name].partition("/")
        amount = self.amount or int(usual)
        # Clients choose parts of the key, such as an e-mail address with a "/" in it.
        text = composite_key(self.name, *self.key, str(amount), seconds)
        return Window(PREFIX + text, amount, int(seconds))


def take(name: str, *key: str, amount: int | None = None) -> None:
    """Count one use of the limit for ``key`` and put its state into the response's headers.

    ``amount`` is how many there may be instead of what the setting says. Raises RateLimited when
    the window is full; a refused use is not counted.
    """
    take_all(Use(name, key, amount=amount))


def take_by_address(name: str) -> None:
    """Count one use of the limit for the client's address, IPv6 by its /64. Raises RateLimited."""
    take(name, limit_key(request_context().client_address))


def take_all(*uses: Use) -> None:
    """Count each use, or none of them if one of the windows is full: that raises RateLimited.

    Its member ``limits`` names those that were full.
    """
    windows = [use.window for use in uses]
    try:
        states = _shared().take(windows)
    except RedisError:
        log.warning("rate_limit_counted_locally", extra={"limit": _names(uses)})
        windows = [_local_share(window) for window in windows]
        states = _local().take(windows)
    found = list(zip(uses, windows, states, strict=True))
    full = [(use, state) for use, window, state in found if state.used >= window.amount]
    for use, window, state in found:
        _tell(use, window, State(state.used + (not full), state.reset))
    if full:
        raise _refusal(full)


def clear(name: str, *key: str) -> None:
    """Forget every use of the limit for ``key`` (a log-in that succeeded clears its failures)."""
    settle(cleared=[Use(name, key)])


def settle(*, cleared: Sequence[Use] = (), given_back: Sequence[Use] = ()) -> None:
    """Forget all uses of some windows, and one use of others: that was none after all."""
    forgotten = [use.window for use in cleared]
    returned = [use.window for use in given_back]
    try:
        _shared().forget(forgotten, returned)
        _local().forget(forgotten, [])
    except RedisError:
        log.warning("rate_limit_settled_locally", extra={"limit": _names([*cleared, *given_back])})
        _local().forget(forgotten, returned)
    for use in cleared:
        _tell(use, use.window, State(0, 0))


def _refusal(full: Sequence[tuple[Use, State]]) -> RateLimited:
    after = str(max(*(math.ceil(state.reset) for _, state in full), 1))
    names = sorted(use.name for use, _ in full)
    return RateLimited(
        f"Try again in {after} seconds.", headers={"Retry-After": after}, members={"limits": names}
    )


def _names(uses: Sequence[Use]) -> str:
    return ", ".join(sorted({use.name for use in uses}))


def _tell(use: Use, window: Window, state: State) -> None:
    if use.quiet:
        return
    headers = request_context().headers
    remaining = max(window.amount - state.used, 0)
    _add(headers, "RateLimit-Policy", use.name, f"q={window.amount};w={window.seconds}")
    _add(headers, "RateLimit", use.name, f"r={remaining};t={max(math.ceil(state.reset), 0)}")


def _add(headers: dict[str, str], field: str, name: str, state: str) -> None:
    """Set the member ``name`` of a structured list field (RFC 9651), beside other limits'."""
    others = [m for m in headers.get(field, "").split(", ") if m and not m.startswith(f'"{name}"')]
    headers[field] = ", ".join([*others, f'"{name}";{state}'])


def _local_share(window: Window) -> Window:
    """Each worker counts by itself, so each gets its part: together no looser than with Redis.

    With more workers than uses, each has one use in a window that is longer by as much.
    """
    workers: int = settings.WEB_WORKERS
    share = max(window.amount // workers, 1)
    longer = max(math.ceil(workers / window.amount), 1)
    return Window(window.key, share, window.seconds * longer)


@cache
def _shared() -> RedisWindows:
    return RedisWindows(settings.REDIS_URL)


@cache
def _local() -> LocalWindows:
    return LocalWindows()
