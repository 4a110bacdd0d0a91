"""Options, order and end of a run. The fixtures that all tests share are in tests/plugins."""

import gc
import os

import pytest

from tests import ENVIRONMENT, session
from tests.support.interrupts import restore_interrupts
from tests.support.ordering import ModuleScheduling, arrange_items

pytest_plugins = [
    "tests.plugins.stack",
    "tests.plugins.server_logs",
    "tests.plugins.database",
    "tests.plugins.tenants",
    "tests.plugins.staff",
    "tests.plugins.limits",
    "tests.plugins.chromium",
    "tests.plugins.pages",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what scripts/test.sh --fast and a run in another order need."""
    parser.addoption("--without-servers", action="store_true", help="leave out what starts servers")
    parser.addoption(
        "--shuffle", metavar="SEED", help="another order of modules and of their tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register markers, and let SIGINT end what tests start."""
    config.addinivalue_line("markers", "nightly: slow; scripts/test.sh --all runs it")
    restore_interrupts()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests and order the rest by the options, the same in every worker."""
    if config.getoption("--without-servers"):
        away = [item for item in items if "servers" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=away)
        items[:] = [item for item in items if item not in set(away)]
    arrange_items(items, config.getoption("--shuffle"))


def pytest_collection_finish() -> None:
    """Keep the collected tests out of garbage collection: they live until the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Remove this stack's environment: workers inherit it, and each has a stack of its own."""
    session.close()
    for name in ENVIRONMENT:
        os.environ.pop(name, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ModuleScheduling:
    """Give each worker one module at a time, in the order of the collection."""
    return ModuleScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop the servers while the controller of pytest-xdist still waits for this worker.

    Later it interrupts a worker that needs more than five seconds to end.
    """
    session.close()


def pytest_unconfigure() -> None:
    """Stop the servers where the session did not begin."""
    session.close()
