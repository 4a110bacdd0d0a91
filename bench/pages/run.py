"""Server time, statements and weight of every page, beside a plain API request in the same run."""

import argparse
import http.client
import re
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from rich.progress import track

from bench.harness.load import LOOPBACK
from bench.harness.report import console, machine, percentile, show
from bench.harness.servers import cpu_seconds, database_of
from bench.harness.sides import StatementCounter
from bench.pages.content import Amounts, fill, start_site
from bench.pages.weight import Visitor
from devstack.testing import TestStack
from tests import session, stack
from tests.support.http_client import Host
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES
from tests.support.pages.rows.row import PageRow

TITLE = "server time, SQL statements and compressed weight of every page"
MAX_MILLISECONDS, MAX_BYTES = 150.0, 60_000
API = "GET /api/users/me"
WARM_UP = 6  # enough for both processes
COUNTED = 5
TIMEOUT = 60.0


@dataclass
class Measured:
    """One page, or the API request that the pages are compared with."""

    name: str
    host: str
    path: str
    headers: dict[str, str]
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statements: int = 0
    document: int = 0
    visit: int = 0


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    with session:  # ends the servers
        pages = _measured(options)
    _print(options, about, pages)
    return 0


def opened_rows(only: str = "") -> list[PageRow]:
    """Return the pages that people open by their address; Swagger UI is a package's."""
    return [
        row
        for row in PAGES
        if row.status == http.client.OK and row.then is None and not row.is_swagger_ui
        if re.search(only, row.name)
    ]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench pages", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=8, help="turns of all pages (8)")
    add("--requests", type=int, default=10, help="requests of a page in each turn (10)")
    add("--files", type=int, default=10_000, help="files in the folder (10000)")
    add("--events", type=int, default=10_000, help="events in the audit trail (10000)")
    add("--only", default="", help="only pages whose name this regular expression finds")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _measured(options: argparse.Namespace) -> list[Measured]:
    """Measure the API request and the pages in turns; return them in this order."""
    site = start_site()
    objects = PageObjects(site, "initech")
    pages = [_api(objects), *(_page(objects, row) for row in opened_rows(options.only))]
    fill(objects, Amounts(files=options.files, events=options.events))
    _weigh(site.port, pages[1:])
    _count_statements(pages)
    for _ in track(range(options.rounds), "Rounds", console=console, transient=True):
        for page in pages:
            _measure(page, options.requests)
    return pages


def _api(objects: PageObjects) -> Measured:
    owner: Host = objects.agency.owner.at
    headers = {"Authorization": f"Bearer {owner.token}", "Accept": "application/json"}
    return Measured(API, f"{owner.name}:{owner.port}", "/api/users/me", headers)


def _page(objects: PageObjects, row: PageRow) -> Measured:
    browser = objects.browser(row)
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
    headers = {"Cookie": cookies, "Accept": "text/html", "Accept-Language": "en"}
    return Measured(row.name, browser.host, objects.path(row), headers)


def _weigh(port: int, pages: list[Measured]) -> None:
    files: dict[str, Any] = {}
    for page in pages:
        visitor = Visitor(port, page.host, page.headers["Cookie"], files)
        transfers = visitor.visit(page.path)
        page.document = transfers[0].size
        page.visit = sum(one.size for one in transfers)


def _count_statements(pages: list[Measured]) -> None:
    """Count what one request executes; the least of a few, because workers use the database too."""
    database = database_of(stack.env["DATABASE_URL"])
    counter = StatementCounter(stack.env["DATABASE_SUPERUSER_URL"], database)
    for page in track(pages, "Statements", console=console, transient=True):
        _request(page, WARM_UP)
        counts = []
        for _ in range(COUNTED):
            counter.start()
            _request(page, 1)
            counts.append(sum(counter.read().values()))
        page.statements = min(counts)


def _measure(page: Measured, requests: int) -> None:
    pids = _pids(stack)
    before = cpu_seconds(*pids)
    page.seconds += _request(page, requests)
    page.cpu.append((cpu_seconds(*pids) - before) / requests)


def _pids(running: TestStack) -> list[int | None]:
    return [running.pid(name) for name in ("gunicorn", "postgres", "valkey")]


def _request(page: Measured, count: int) -> list[float]:
    """Request a page directly from gunicorn on one connection; return the seconds of each.

    Raises: RuntimeError (if a response is not 200).
    """
    headers = {"Host": page.host, **page.headers}
    seconds = []
    with closing(http.client.HTTPConnection(LOOPBACK, stack.ports["gunicorn"], TIMEOUT)) as client:
        client.connect()
        for _ in range(count):
            started = time.perf_counter()
            client.request("GET", page.path, headers=headers)
            response = client.getresponse()
            body = response.read()
            seconds.append(time.perf_counter() - started)
            if response.status != http.client.OK:
                raise RuntimeError(f"{page.name}: {response.status} {body[:200]!r}")
    return seconds


def _figures(page: Measured, base: float) -> dict[str, float]:
    middle = statistics.median(page.seconds)
    return {
        "p50_ms": middle * 1000,
        "p95_ms": percentile(page.seconds, 95) * 1000,
        "least_ms": min(page.seconds) * 1000,
        "of_api": middle / base,
        "cpu_ms": min(page.cpu) * 1000,
        "statements": page.statements,
        "document_bytes": page.document,
        "visit_bytes": page.visit,
    }


def _print(options: argparse.Namespace, about: dict[str, Any], pages: list[Measured]) -> None:
    base = statistics.median(pages[0].seconds)
    figures = {page.name: _figures(page, base) for page in pages}
    late = [name for name, found in figures.items() if found["p95_ms"] > MAX_MILLISECONDS]
    heavy = [name for name, found in figures.items() if found["visit_bytes"] > MAX_BYTES]
    show(
        {
            "bench": "pages",
            "machine": about,
            "settings": {key: value for key, value in vars(options).items() if key != "json"},
            "pages": figures,
            "above_150_ms": late,
            "above_60_kb": heavy,
        },
        as_json=options.json,
        title=f"{len(pages) - 1} pages, {options.files} files in the folder",
        columns=("page", "p50 ms", "p95", "least", "of API", "CPU ms", "SQL", "kB", "visit kB"),
        rows=[_row(name, found) for name, found in figures.items()],
        closing=[
            f"Above {MAX_MILLISECONDS:.0f} ms at p95: {', '.join(late) or 'none'}.",
            f"Above {MAX_BYTES // 1000} kB on the first visit: {', '.join(heavy) or 'none'}.",
        ],
    )


def _row(name: str, found: dict[str, float]) -> tuple[str, ...]:
    times = (f"{found[key]:.1f}" for key in ("p50_ms", "p95_ms", "least_ms"))
    sizes = (f"{found[key] / 1000:.1f}" for key in ("document_bytes", "visit_bytes"))
    return (
        name,
        *times,
        f"{found['of_api']:.1f}",
        f"{found['cpu_ms']:.1f}",
        f"{found['statements']:.0f}",
        *sizes,
    )
