"""Connections of a test's own, and the database without what tests left incomplete."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from core.db_backend.base import DatabaseWrapper
from devstack.testing import TestStack
from tests.support.cleanup import cleaned_up


@pytest.fixture
def db_one(committed: None) -> Iterator[DatabaseWrapper]:
    """A connection of the application's login that no other test uses."""
    wrapper = connections.create_connection("default")
    yield wrapper
    wrapper.close()


@pytest.fixture
def superuser(stores: TestStack, committed: None) -> Iterator[psycopg.Connection]:
    """The server's superuser inside the application's database."""
    url = urlsplit(stores.env["DATABASE_SUPERUSER_URL"])._replace(path="/aggios").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="package")
def cleaned_database(committed: None) -> Iterator[None]:
    """Remove the incomplete tenants of a package's tests after them."""
    with cleaned_up():
        yield
