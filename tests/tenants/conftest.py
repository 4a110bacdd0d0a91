"""Tests of tenants begin with a database that is in order: some ask about all of it."""

import pytest

from tests.support.cleanup import clean_up


@pytest.fixture(scope="package", autouse=True)
def _cleaned_before(committed: None) -> None:
    """Remove what earlier tests left incomplete."""
    clean_up()
