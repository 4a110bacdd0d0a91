"""The server's superuser, who can break what nobody else can, and sites that leak."""

import pytest

from tests.core.conftest import superuser

__all__ = ["superuser"]


@pytest.fixture
def leaky(settings) -> None:
    settings.SITE_URLCONFS = {
        **settings.SITE_URLCONFS,
        "tenant": "tests.isolation.leaky_urls",
        "api": "tests.isolation.leaky_urls",
    }
