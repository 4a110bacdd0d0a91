"""The superuser's view, and tenants made in-process that a test may hurt."""

import secrets
from collections.abc import Callable

import pytest

from audit.services import SYSTEM
from tenants.refs import TenantRef
from tenants.services import create_tenant
from tests.core.conftest import superuser

__all__ = ["superuser"]


@pytest.fixture
def make_tenant(committed: None) -> Callable[[], TenantRef]:
    """Create a tenant without people: ``make_tenant()``."""
    return lambda: create_tenant(name="Made", subdomain=f"m{secrets.token_hex(6)}", actor=SYSTEM)
