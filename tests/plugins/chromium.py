"""Pages in a real browser. Without one, these tests are skipped and the end of the run says so."""

from collections.abc import Iterator

import pytest

from tests.support.http_client import Site
from tests.support.pages.chromium import Driver, why_no_browser
from tests.support.pages.profiles import Profiles


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what scripts/screenshots.sh needs."""
    parser.addoption("--screenshots", metavar="FOLDER", help="where screenshots.py puts its files")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "browser: drives Chromium; skipped if there is none")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use Chromium, and skip them if there is none."""
    reason = why_no_browser()
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that tests with a browser were skipped."""
    reason = why_no_browser()
    reports = terminalreporter.stats.get("skipped", [])
    skipped = [report for report in reports if reason and reason in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests were skipped: {reason}")


@pytest.fixture(scope="session")
def chromium(servers: None) -> Iterator[Driver]:
    """Chromium, started once in each worker, when the first test needs it."""
    driver = Driver()
    yield driver
    driver.close()


@pytest.fixture
def allowed_faults() -> list[str]:
    """Regular expressions of console errors that a test expects. The test appends its own."""
    return []


@pytest.fixture
def page_of(chromium: Driver, site: Site, allowed_faults: list[str]) -> Iterator[Profiles]:
    """Open a page in a new profile: ``page_of(agency.host, language="pt-BR", width=360)``.

    No page may cause a console error, an uncaught exception, a violation of the content security
    policy or a request to another origin than the page's own and the store's.
    """
    with chromium.in_use() as program:
        profiles = Profiles(program, site)
        yield profiles
        faults = profiles.close(allowed_faults)
    assert not faults, "\n".join(faults)
