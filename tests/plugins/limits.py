"""Rate limits that begin anew with each test, and the cost of password hashes."""

from collections.abc import Iterator

import argon2
import pytest
from django_redis import get_redis_connection

from accounts.passwords import hashers, validation
from core.rate_limits.limits import PREFIX
from devstack.testing import TestStack
from tests.support.hash_work import COST, CountingHashPool


@pytest.fixture
def fresh_limits(stores: TestStack) -> None:
    """Remove all counts: every test comes from one address, and failed log-ins would add up."""
    redis = get_redis_connection("default")
    # One round trip, however many keys other tests have left.
    if keys := list(redis.scan_iter(f"{PREFIX}*", count=1_000_000)):
        redis.delete(*keys)


@pytest.fixture
def usual_argon2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash in this process at the cost that production has; the suite's is lower."""
    monkeypatch.setattr(hashers, "ARGON2", argon2.PasswordHasher(parallelism=1, **COST))
    validation._dummy_hash.cache_clear()
    yield
    validation._dummy_hash.cache_clear()


@pytest.fixture
def counted(usual_argon2: None, monkeypatch: pytest.MonkeyPatch) -> CountingHashPool:
    """The pool that hashes in this process, with a count of its work."""
    pool = CountingHashPool()
    monkeypatch.setattr(hashers, "hash_pool", lambda: pool)
    assert hashers.hash_pool() is pool
    return pool
