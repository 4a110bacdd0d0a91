"""Fixtures of the isolation tests: URL configurations with deliberate leaks."""

import pytest


@pytest.fixture(scope="package", autouse=True)
def _cleaned(cleaned_database: None) -> None:
    """Remove after these tests the tenants that they leave incomplete."""


@pytest.fixture
def leaky_urlconf(settings) -> None:
    """Serve the tenant and API sites from a URL configuration with deliberate leaks."""
    settings.SITE_URLCONFS = {
        **settings.SITE_URLCONFS,
        "tenant": "tests.support.leaky_urls",
        "api": "tests.support.leaky_urls",
    }
