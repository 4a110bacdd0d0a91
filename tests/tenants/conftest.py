"""The superuser's view, and tenants made in-process that a test may hurt."""

import secrets
from collections.abc import Callable

import pytest

from audit.services import SYSTEM
from tenants.refs import TenantRef
from tenants.services import create_tenant
from tests.core.conftest import superuser
from tests.support.cleanup import clean_up

__all__ = ["superuser"]


@pytest.fixture(scope="package", autouse=True)
def _tidy_before(committed: None) -> None:
    """Begin with a fleet that is whole: tests here ask how all of it stands."""
    clean_up()


@pytest.fixture
def make_tenant(committed: None) -> Callable[[], TenantRef]:
    """Create a tenant without people: ``make_tenant()``."""
    return lambda: create_tenant(name="Made", subdomain=f"m{secrets.token_hex(6)}", actor=SYSTEM)
