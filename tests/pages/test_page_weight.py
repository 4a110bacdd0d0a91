"""The first visit of each page: its weight, its compression, and files that browsers keep."""

import re
from typing import Any

import pytest
from django.templatetags.static import static

from bench.pages.run import MAX_BYTES, opened_rows
from bench.pages.weight import Visitor
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import PageRow

TEXT = re.compile(r"text/|application/j|image/svg")
# Traefik leaves shorter bodies as they are (minResponseBodyBytes).
COMPRESSED_FROM = 1024
# The forms of Django's admin need jQuery, 30 kB.
HEAVIER = {"admin-tenant": 80_000, "admin-tenant-add": 80_000}
FILES: dict[str, Any] = {}


@pytest.mark.parametrize("row", opened_rows(), ids=lambda row: row.name)
def test_first_visit_of_a_page_is_light_and_compressed(
    site: Site, page_objects: PageObjects, row: PageRow
) -> None:
    path, browser = page_objects.path(row), page_objects.browser(row)
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.client.cookies.jar)
    document, *files = Visitor(site.port, browser.host, cookies, FILES).visit(path)

    assert sum(one.size for one in (document, *files)) <= HEAVIER.get(row.name, MAX_BYTES)
    assert [
        one.path
        for one in (document, *files)
        if one.size >= COMPRESSED_FROM and TEXT.match(one.content_type) and not one.encoding
    ] == []
    kept = [one for one in files if one.path.startswith("/static/")]
    assert [one.path for one in kept if "immutable" not in one.cache_control] == []


def test_modules_import_modules_and_workers_by_names_with_a_digest(site: Site) -> None:
    visitor = Browser(site)
    files = Visitor(site.port, visitor.host)
    files.visit(static("aggios/upload/main.js"))
    hasher = next(path for path in files.files if "/hasher." in path)

    assert [path for path in files.files if not re.search(r"\.[0-9a-f]{12}\.js$", path)] == []
    text = visitor.get(hasher).text
    assert re.search(r'new URL\("\./sha256-worker\.[0-9a-f]{12}\.js", import\.meta\.url\)', text)
