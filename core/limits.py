"""Rate limits: atomic counts in Redis, a local count while Redis is away.

A limit is a name in ``settings.RATE_LIMITS`` ("5/60": five in sixty seconds) and is counted for a
key, such as an address. The header fields are those of draft-ietf-httpapi-ratelimit-headers.
"""

import logging
import math
import time
from contextlib import suppress
from functools import cache
from typing import Any

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from core.context import request_context
from core.problems import RateLimited

log = logging.getLogger(__name__)


def take(name: str, *key: str, amount: int | None = None) -> None:
    """Count one use of the limit for ``key`` and put its state into the response's headers.

    ``amount`` is how many there may be instead of what the setting says. Raises RateLimited when
    the window is full; a refused use is not counted.
    """
    _ask(name, key, count=True, amount=amount)


def require_room(name: str, *key: str) -> None:
    """Raise RateLimited when the window is full, counting nothing; see ``count_failure``."""
    _ask(name, key, count=False)


def count_failure(name: str, *key: str) -> None:
    """Count one use of a limit that only failures use up, full or not."""
    with suppress(RateLimited):
        _ask(name, key, count=True)


def clear(name: str, *key: str) -> None:
    """Forget every use of the limit for ``key`` (a log-in that succeeded clears its failures)."""
    for limiter in (_limiter(), _local()):
        try:
            limiter.clear(_item(name), name, *key)
        except RedisError:
            log.warning("rate_limit_not_cleared", extra={"limit": name})
    _tell(name, _item(name), _item(name).amount, 0)


def _ask(name: str, key: tuple[str, ...], *, count: bool, amount: int | None = None) -> None:
    item = _item(name, amount)
    try:
        allowed, remaining, reset = _look(_limiter(), item, (name, *key), count)
    except RedisError:
        log.warning("rate_limit_counted_locally", extra={"limit": name})
        item = _local_share(item)
        allowed, remaining, reset = _look(_local(), item, (name, *key), count)
    _tell(name, item, remaining, reset)
    if not allowed:
        after = str(max(reset, 1))
        raise RateLimited(f"Try again in {after} seconds.", headers={"Retry-After": after})


def _look(
    limiter: MovingWindowRateLimiter, item: RateLimitItem, key: tuple[str, ...], count: bool
) -> tuple[bool, int, int]:
    """Return whether there was room, how many uses are left, and the seconds to the next one."""
    allowed = (limiter.hit if count else limiter.test)(item, *key)
    reset_at, remaining = limiter.get_window_stats(item, *key)
    return allowed, remaining, max(math.ceil(reset_at - time.time()), 0)


def _tell(name: str, item: RateLimitItem, remaining: int, reset: int) -> None:
    headers = request_context().headers
    _add(headers, "RateLimit-Policy", name, f"q={item.amount};w={item.get_expiry()}")
    _add(headers, "RateLimit", name, f"r={remaining};t={reset}")


def _add(headers: dict[str, str], field: str, name: str, state: str) -> None:
    """Set the member ``name`` of a structured list field (RFC 9651), beside other limits'."""
    others = [m for m in headers.get(field, "").split(", ") if m and not m.startswith(f'"{name}"')]
    headers[field] = ", ".join([*others, f'"{name}";{state}'])


def _item(name: str, amount: int | None = None) -> RateLimitItem:
    usual, _, seconds = settings.RATE_LIMITS[name].partition("/")
    return RateLimitItemPerSecond(amount or int(usual), int(seconds))


def _local_share(item: RateLimitItem) -> RateLimitItem:
    """Each worker counts by itself, so each gets its part: together no looser than with Redis."""
    share = max(item.amount // settings.WEB_WORKERS, 1)
    return RateLimitItemPerSecond(share, item.get_expiry())


@cache
def _limiter() -> MovingWindowRateLimiter:
    options: dict[str, Any] = {"socket_connect_timeout": 0.25, "socket_timeout": 0.5}
    storage: Storage = RedisStorage(settings.REDIS_URL, key_prefix="aggios-limits", **options)
    return MovingWindowRateLimiter(storage)


@cache
def _local() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
