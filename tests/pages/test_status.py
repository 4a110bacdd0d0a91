"""The status page with each service unavailable, and the pages that need none of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from devstack.testing import TestStack
from tests.support.browser import Browser
from tests.support.http_client import Site

PRIVATE = ("127.0.0.1", "localhost:5", "redis", "Valkey", "PostgreSQL", "SeaweedFS", "Traceback")


@contextmanager
def away(stores: TestStack, name: str) -> Iterator[None]:
    """Run the block without a store, then restart it."""
    stores.stop(name)
    try:
        yield
    finally:
        stores.start_ready(name)
        connections.close_all()


def shown(text: str) -> dict[str, str]:
    """Return the state of each service as the page shows it."""
    row = re.compile(r'<strong>([^<]+)</strong><br>.*?class="badge \w+">.*?</svg>([^<]+)<', re.S)
    return dict(row.findall(text))


@pytest.mark.parametrize(
    ("store", "service", "status", "verdict"),
    [
        ("valkey", "Cache", 200, "A part does not answer"),
        ("seaweedfs", "File store", 200, "A part does not answer"),
        ("postgres", "Database", 503, "Aggios does not work at the moment"),
    ],
)
def test_status_page_names_the_service_that_is_away(
    site: Site, stores: TestStack, store: str, service: str, status: int, verdict: str
) -> None:
    with away(stores, store):
        page = Browser(site).get("/status")
        portuguese = Browser(site, language="pt-BR").get("/status")
        others = [Browser(site).get(path).status_code for path in ("/", "/docs/api", "/contact")]

    assert page.status_code == status
    assert verdict in page.text
    assert '<html lang="pt-br">' in portuguese.text
    states = shown(page.text)
    assert states.pop(service) == "Does not answer"
    assert set(states.values()) == {"Works"}
    assert len(states) == 2
    assert [private for private in PRIVATE if private in page.text.partition("<main")[2]] == []
    assert others == [200, 200, 200]


def test_workspace_list_without_redis_is_queued_and_without_database_refused(
    site: Site, stores: TestStack
) -> None:
    browser = Browser(site, "dash")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/").text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "email": "unknown@nowhere.test"}

    with away(stores, "valkey"):
        without_redis = browser.post("/find", form)
    with away(stores, "postgres"):
        without_database = browser.post("/find", form)

    assert without_redis.status_code == 200
    assert without_database.status_code == 503
    assert without_database.headers["content-type"].startswith("text/html")
