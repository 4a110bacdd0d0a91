"""A consistent database to start with, because some tests check all tenants; names for them."""

import secrets

import pytest

from audit.services import SYSTEM
from tenants.subdomains import rename_subdomain
from tests.support.cleanup import clean_up
from tests.support.factories import Agency
from tests.support.tenants.renaming import new_slug


@pytest.fixture(scope="package", autouse=True)
def _cleaned_before(committed: None) -> None:
    """Remove what earlier tests left incomplete."""
    clean_up()


@pytest.fixture
def renamed(agency: Agency) -> tuple[Agency, str]:
    """A renamed agency, cached by both workers under its former name, and its new name."""
    assert all(agency.owner.at.get("/api/users/me").status_code == 200 for _ in range(8))
    name = new_slug()
    rename_subdomain(agency.ref.id, subdomain=name, actor=SYSTEM)
    return agency, name


@pytest.fixture
def name() -> str:
    """Return an unused custom domain."""
    return f"files.{secrets.token_hex(6)}.example"
