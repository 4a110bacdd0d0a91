"""The workspaces that the pages of tests/support/pages/page_table.py show."""

import pytest

from tests.support.http_client import Site
from tests.support.pages.hostile import STORED
from tests.support.pages.page_objects import PageObjects


@pytest.fixture(scope="session")
def page_objects(site: Site) -> PageObjects:
    """A workspace with ordinary names. Tests leave it as they found it."""
    return PageObjects(site, "initech")


@pytest.fixture(scope="session")
def hostile_objects(site: Site) -> PageObjects:
    """A workspace whose names try to become elements, attributes, scripts and templates."""
    return PageObjects(site, "hostile", **STORED)
