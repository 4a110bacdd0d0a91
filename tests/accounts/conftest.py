"""The superuser's view of the database, and limits that begin anew with each test."""

import pytest
from django_redis import get_redis_connection

from devstack.testing import TestStack
from tests.core.conftest import superuser

__all__ = ["superuser"]


@pytest.fixture(autouse=True)
def fresh_limits(stores: TestStack) -> None:
    """All tests come from one address; its failed log-ins must not add up."""
    redis = get_redis_connection("default")
    for key in redis.scan_iter("aggios-limits*"):
        redis.delete(key)
