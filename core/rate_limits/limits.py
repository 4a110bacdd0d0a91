"""Rate limits: atomic counters in Redis, and local ones while Redis is unavailable.

A limit is an entry of ``settings.RATE_LIMITS`` ("5/60": five in sixty seconds). It counts per key,
such as an address. The response headers are those of draft-ietf-httpapi-ratelimit-headers.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from redis.exceptions import RedisError

from core.problems import RateLimited
from core.rate_limits.windows import LocalWindows, RedisWindows, Window, WindowState
from core.request_context import limit_key, request_context
from core.text.composite_keys import composite_key
from core.text.translation import translatable

log = logging.getLogger(__name__)
PREFIX = "aggios-limits/"


@dataclass(frozen=True, slots=True)
class RateLimitUse:
    """One use of the limit ``name`` for ``key``. A quiet use is not reported in headers."""

    name: str
    key: tuple[str, ...]
    quiet: bool = False
    amount: int | None = None
    """The maximum, instead of the setting's."""

    @property
    def window(self) -> Window:
        """The window that counts it."""
        usual, _, seconds = settings.RATE_LIMITS[self.name].partition("/")
        amount = self.amount or int(usual)
        # Clients choose parts of the key, such as an e-mail address that contains a "/".
        text = composite_key(self.name, *self.key, str(amount), seconds)
        return Window(PREFIX + text, amount, int(seconds))


def consume(name: str, *key: str, amount: int | None = None) -> None:
    """Consume one use of the limit for ``key`` and report its state in the response headers.

    ``amount`` replaces the maximum of the setting. Raises: RateLimited if the window is full; a
    refused use is not counted.
    """
    consume_all(RateLimitUse(name, key, amount=amount))


def consume_by_address(name: str) -> None:
    """Consume one use of the limit for the client's address (IPv6: /64). Raises: RateLimited."""
    consume(name, limit_key(request_context().client_address))


def consume_all(*uses: RateLimitUse) -> None:
    """Consume all uses, or none of them if one window is full. Raises: RateLimited.

    The member ``limits`` of the problem names the limits that were full.
    """
    windows = [use.window for use in uses]
    try:
        states = _redis_windows().consume(windows)
    except RedisError:
        log.warning("rate_limit_counted_locally", extra={"limit": _names(uses)})
        windows = [_local_share(window) for window in windows]
        states = _local_windows().consume(windows)
    found = list(zip(uses, windows, states, strict=True))
    full = [(use, state) for use, window, state in found if state.used >= window.amount]
    for use, window, state in found:
        _add_headers(use, window, WindowState(state.used + (not full), state.reset))
    if full:
        raise _rate_limited(full)


def clear(name: str, *key: str) -> None:
    """Remove every use of the limit for ``key``."""
    refund(cleared=[RateLimitUse(name, key)])


def refund(*, cleared: Sequence[RateLimitUse] = (), refunded: Sequence[RateLimitUse] = ()) -> None:
    """Remove all uses from some windows (``cleared``), and one use from others (``refunded``)."""
    cleared_windows = [use.window for use in cleared]
    refunded_windows = [use.window for use in refunded]
    try:
        _redis_windows().refund(cleared_windows, refunded_windows)
        _local_windows().refund(cleared_windows, [])
    except RedisError:
        log.warning("rate_limit_refunded_locally", extra={"limit": _names([*cleared, *refunded])})
        _local_windows().refund(cleared_windows, refunded_windows)
    for use in cleared:
        _add_headers(use, use.window, WindowState(0, 0))


def _rate_limited(full: Sequence[tuple[RateLimitUse, WindowState]]) -> RateLimited:
    after = str(max(*(math.ceil(state.reset) for _, state in full), 1))
    names = sorted(use.name for use, _ in full)
    detail = translatable("Try again in %(count)s seconds.", count=int(after))
    return RateLimited(detail, headers={"Retry-After": after}, members={"limits": names})


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
    """Set the member ``name`` of a structured list field (RFC 9651); keep other limits' members."""
    others = [m for m in headers.get(field, "").split(", ") if m and not m.startswith(f'"{name}"')]
    headers[field] = ", ".join([*others, f'"{name}";{state}'])


def _local_share(window: Window) -> Window:
    """Return one worker's share of a window: together the workers allow no more than Redis.

    If there are more workers than uses, each worker has one use in a longer window.
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
