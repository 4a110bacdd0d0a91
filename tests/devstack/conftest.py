"""Stacks of their own for the tests of the stack: they are killed, the shared one is not."""

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
def whole(servers: None) -> Iterator[TestStack]:
    """All five servers around a stand-in for the application."""
    with temporary_stack(ALL, application=DUMMY_APP) as stack:
        yield stack
