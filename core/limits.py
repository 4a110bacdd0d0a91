"""Rate limits: atomic counts in Redis, a local count while Redis is away.

A limit is a name in ``settings.RATE_LIMITS`` ("5/60": five in sixty seconds) and is counted for a
key, such as an address. The header fields are those of draft-ietf-httpapi-ratelimit-headers.
"""

import logging
import math
import time
from functools import cache

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from core.context import request_context
from core.problems import RateLimited

log = logging.getLogger(__name__)


def take(name: str, *key: str) -> None:
    """Count one use of the limit for ``key`` and put its state into the response's headers.

    Raises RateLimited when the window is full; a refused use is not counted.
    """
    item = _item(name)
    try:
        allowed, remaining, reset = _take(_limiter(), item, name, key)
    except RedisError:
        log.warning("rate_limit_counted_locally", extra={"limit": name})
        allowed, remaining, reset = _take(_local(), _local_share(item), name, key)
    _tell(name, item, remaining, reset)
    if not allowed:
        raise RateLimited(
            f"Try again in {reset} seconds.", headers={"Retry-After": str(max(reset, 1))}
        )


def give_back(name: str, *key: str) -> None:
    """Forget every use of the limit for ``key`` (a log-in that succeeded clears its failures)."""
    for limiter in (_limiter(), _local()):
        try:
            limiter.clear(_item(name), name, *key)
        except RedisError:
            log.warning("rate_limit_not_cleared", extra={"limit": name})


def _take(
    limiter: MovingWindowRateLimiter, item: RateLimitItem, name: str, key: tuple[str, ...]
) -> tuple[bool, int, int]:
    allowed = limiter.hit(item, name, *key)
    reset_at, remaining = limiter.get_window_stats(item, name, *key)
    return allowed, remaining, max(math.ceil(reset_at - time.time()), 0)


def _tell(name: str, item: RateLimitItem, remaining: int, reset: int) -> None:
    headers = request_context().headers
    policy = f'"{name}";q={item.amount};w={item.get_expiry()}'
    state = f'"{name}";r={remaining};t={reset}'
    for field, value in (("RateLimit-Policy", policy), ("RateLimit", state)):
        headers[field] = f"{headers[field]}, {value}" if field in headers else value


def _item(name: str) -> RateLimitItem:
    amount, _, seconds = settings.RATE_LIMITS[name].partition("/")
    return RateLimitItemPerSecond(int(amount), int(seconds))


def _local_share(item: RateLimitItem) -> RateLimitItem:
    """Each worker counts by itself, so each gets its part: together no looser than with Redis."""
    share = max(item.amount // settings.WEB_WORKERS, 1)
    return RateLimitItemPerSecond(share, item.get_expiry())


@cache
def _limiter() -> MovingWindowRateLimiter:
    options = {"socket_connect_timeout": 0.25, "socket_timeout": 0.5}
    storage: Storage = RedisStorage(settings.REDIS_URL, key_prefix="aggios-limits", **options)
    return MovingWindowRateLimiter(storage)


@cache
def _local() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
