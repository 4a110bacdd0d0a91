"""Stacks that the tests of devstack may kill; the shared stack stays up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.services.gunicorn import Application
from devstack.services.registry import ALL
from devstack.testing import TestStack, temporary_home, temporary_stack
from tests.support.devstack import dummy_app

DUMMY_APP = Application(
    folder=Path(dummy_app.__file__).parent,
    arguments=("--workers=2", "--threads=4", "--graceful-timeout=1", "dummy_app:application"),
    health="/",
)


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home."""
    with temporary_home() as path:
        yield path


@pytest.fixture(scope="session")
def full_stack(servers: None) -> Iterator[TestStack]:
    """All servers, with a dummy application."""
    with temporary_stack(ALL, application=DUMMY_APP) as stack:
        yield stack
