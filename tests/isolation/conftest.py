"""The server's superuser, who can break what nobody else can, and sites that leak."""

from collections.abc import Iterator

import pytest

from tests.core.conftest import superuser
from tests.support.cleanup import cleaned_up

__all__ = ["superuser"]


@pytest.fixture(scope="package", autouse=True)
def _tidy(committed: None) -> Iterator[None]:
    """Take away what the tests here left half there."""
    with cleaned_up():
        yield


@pytest.fixture
def leaky(settings) -> None:
    settings.SITE_URLCONFS = {
        **settings.SITE_URLCONFS,
        "tenant": "tests.support.leaky_urls",
        "api": "tests.support.leaky_urls",
    }
