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
from core.rate_limits.windows import LocalWindows, RedisWindows, Window, WindowState
from core.request_context import request_context
from core.text.composite_keys import composite_key

log = logging.getLogger(__name__)
PREFIX = "aggios-limits/"


@dataclass(frozen=True, slots=True)
class RateLimitUse:
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


def consume(name: str, *key: str, amount: int | None = None) -> None:
    """Count one use of the limit for ``key`` and put its state into the response's headers.

    ``amount`` is how many there may be instead of what the setting says. Raises RateLimited when
    the window is full; a refused use is not counted.
    """
    consume_all(RateLimitUse(name, key, amount=amount))


def consume_by_address(name: str) -> None:
    """Count one use of the limit for the client's address, IPv6 by its /64. Raises RateLimited."""
    consume(name, limit_key(request_context().client_address))


def consume_all(*uses: RateLimitUse) -> None:
    """Count each use, or none of them if one of the windows is full: that raises RateLimited.

    Its member ``limits`` names those that were full.
    """
    windows = [use.window for use in uses]
    try:
        states = _redis_windows().take(windows)
    except RedisError:
        log.warning("rate_limit_counted_locally", extra={"limit": _names(uses)})
        windows = [_local_share(window) for window in windows]
        states = _local_windows().take(windows)
    found = list(zip(uses, windows, states, strict=True))
    full = [(use, state) for use, window, state in found if state.used >= window.amount]
    for use, window, state in found:
        _add_headers(use, window, WindowState(state.used + (not full), state.reset))
    if full:
        raise _rate_limited(full)


def clear(name: str, *key: str) -> None:
    """Forget every use of the limit for ``key`` (a log-in that succeeded clears its failures)."""
    refund(cleared=[RateLimitUse(name, key)])


def refund(
    *, cleared: Sequence[RateLimitUse] = (), given_back: Sequence[RateLimitUse] = ()
) -> None:
    """Forget all uses of some windows, and one use of others: that was none after all."""
    forgotten = [use.window for use in cleared]
    returned = [use.window for use in given_back]
    try:
        _redis_windows().forget(forgotten, returned)
        _local_windows().forget(forgotten, [])
    except RedisError:
        log.warning("rate_limit_refunded_locally", extra={"limit": _names([*cleared, *given_back])})
        _local_windows().forget(forgotten, returned)
    for use in cleared:
        _add_headers(use, use.window, WindowState(0, 0))


def _rate_limited(full: Sequence[tuple[RateLimitUse, WindowState]]) -> RateLimited:
    after = str(max(*(math.ceil(state.reset) for _, state in full), 1))
    names = sorted(use.name for use, _ in full)
    return RateLimited(
        f"Try again in {after} seconds.", headers={"Retry-After": after}, members={"limits": names}
    )


def _names(uses: Sequence[RateLimitUse]) -> str:
    return ", ".join(sorted({use.name for use in uses}))


def _add_headers(use: RateLimitUse, window: Window, state: WindowState) -> None:
    if use.quiet:
        return
    headers = request_context().headers
    remaining = max(window.amount - state.used, 0)
    _set_list_member(headers, "RateLimit-Policy", use.name, f"q={window.amount};w={window.seconds}")
    _set_list_member(
        headers, "RateLimit", use.name, f"r={remaining};t={max(math.ceil(state.reset), 0)}"
    )


def _set_list_member(headers: dict[str, str], field: str, name: str, state: str) -> None:
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
def _redis_windows() -> RedisWindows:
    return RedisWindows(settings.REDIS_URL)


@cache
def _local_windows() -> LocalWindows:
    return LocalWindows()
