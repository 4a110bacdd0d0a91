"""Two tenants made in-process, a database wrapper of the test's own, and the server's superuser."""

import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from accounts.models import User
from audit.services import SYSTEM
from core.db_backend.base import DatabaseWrapper
from devstack.testing import TestStack
from tenants.context import tenant_context
from tenants.refs import TenantRef
from tenants.services import create_tenant


def _tenant(label: str) -> TenantRef:
    connections.close_all()
    ref = create_tenant(name=label, subdomain=f"{label}-{secrets.token_hex(4)}", actor=SYSTEM)
    with tenant_context(ref):
        User.objects.create(email=f"only@{label}.test", password="!")
    return ref


@pytest.fixture(scope="session")
def one(committed: None) -> TenantRef:
    """A tenant whose only person is only@one.test."""
    return _tenant("one")


@pytest.fixture(scope="session")
def two(committed: None) -> TenantRef:
    """A tenant whose only person is only@two.test."""
    return _tenant("two")


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
