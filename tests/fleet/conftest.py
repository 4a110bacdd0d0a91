"""One fleet for all tests here, on separate servers, so that other tests are not affected."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.testing import temporary_stack
from tests.support.tenants.fleet import CAST, Fleet


@pytest.fixture(scope="package")
def whole_fleet(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet of four tenants."""
    project: Path = tmp_path_factory.mktemp("project")
    with temporary_stack(("postgres", "valkey")) as stack:
        fleet = Fleet(stack, project)
        fleet.make(*CAST)
        yield fleet
        fleet.database.close()


@pytest.fixture
def fleet(whole_fleet: Fleet) -> Iterator[Fleet]:
    """The fleet; after the test all its tenants are migrated and served again."""
    yield whole_fleet
    if not whole_fleet.is_well():
        whole_fleet.migrate()
    assert whole_fleet.is_well()
