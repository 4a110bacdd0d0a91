"""A failed test shows what the servers logged as warnings and errors while it ran."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stack

MAX_LINES = 30
MAX_WIDTH = 600
# JSON of the application and of Traefik; SeaweedFS begins with E or F.
ERROR = re.compile(
    r'"level": ?"(warning|error|critical|fatal|ERROR)"|^[EF]\d{4} |\b(FATAL|PANIC|ERROR):'
)
OFFSETS = pytest.StashKey[dict[Path, int]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember how long each log is before the test."""
    item.stash[OFFSETS] = {path: path.stat().st_size for path in stack.home.logs.glob("*.log")}
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add these lines to the report of a failure."""
    report = yield
    if report.failed:
        for path in sorted(stack.home.logs.glob("*.log")):
            if lines := _errors(path, item.stash[OFFSETS].get(path, 0)):
                report.sections.append((f"warnings and errors in {path.name}", "\n".join(lines)))
    return report


def _errors(path: Path, offset: int) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as log:
        # A log that was replaced in the meantime is shorter.
        log.seek(offset if offset <= path.stat().st_size else 0)
        found = [line.rstrip()[:MAX_WIDTH] for line in log if ERROR.search(line)]
    return found[-MAX_LINES:]
