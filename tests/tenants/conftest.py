"""These tests start with a consistent database, because some check all tenants."""

import pytest

from tests.support.cleanup import clean_up


@pytest.fixture(scope="package", autouse=True)
def _cleaned_before(committed: None) -> None:
    """Remove what earlier tests left incomplete."""
    clean_up()
