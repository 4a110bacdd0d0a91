"""Sites that leak."""

import pytest


@pytest.fixture(scope="package", autouse=True)
def _cleaned(cleaned_database: None) -> None:
    """Remove what the tests here left incomplete, after them."""


@pytest.fixture
def leaky(settings) -> None:
    settings.SITE_URLCONFS = {
        **settings.SITE_URLCONFS,
        "tenant": "tests.support.leaky_urls",
        "api": "tests.support.leaky_urls",
    }
