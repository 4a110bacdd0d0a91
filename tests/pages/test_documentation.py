"""The documentation on the site: pages, languages, search, hostile paths and queries."""

import re
from urllib.parse import quote

import pytest

from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.translatable_strings import ROOT

NAMES = sorted(
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for path in (ROOT / "docs").rglob("*.md")
    if not path.name.endswith(".pt-BR.md")
)


@pytest.mark.parametrize("name", NAMES)
def test_document_is_served_with_one_heading_and_no_inline_style(site: Site, name: str) -> None:
    page = Browser(site).get(f"/docs/{name}")

    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert ' style="' not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("name", NAMES)
def test_document_begins_with_its_title(name: str) -> None:
    # The list of pages reads only the first line of each.
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_image_of_a_document_is_left_out(site: Site, language: str) -> None:
    """The site serves no files of ``docs/``."""
    page = Browser(site, language=language).get("/docs/quickstart").text

    assert "http://acme.aggios.localhost:8080" in page
    assert ".webp" not in page


@pytest.mark.parametrize("readme", ["README.md", "README.pt-BR.md", "docs/quickstart.md"])
def test_images_exist_and_are_small(readme: str) -> None:
    path = ROOT / readme
    images = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8"))

    assert images
    assert all((path.parent / image).stat().st_size < 100_000 for image in images)


def test_start_page_lists_every_document(site: Site) -> None:
    page = Browser(site).get("/docs").text

    assert [name for name in NAMES if f'href="/docs/{name}"' not in page] == []


def test_links_between_documents_lead_to_pages_of_the_site(site: Site) -> None:
    page = Browser(site).get("/docs/decisions/0008-mail").text
    errors = Browser(site).get("/docs/errors").text
    architecture = Browser(site).get("/docs/architecture").text

    assert '.md"' not in page
    assert 'href="/docs/api#uploads-straight-to-the-store"' in errors
    # The source is not on the site, so its links are text.
    assert "tenants/middleware.py" in architecture
    assert 'href="../' not in architecture


def test_translated_document_is_shown_in_the_reader_s_language(site: Site) -> None:
    portuguese = Browser(site, language="pt-BR")

    translated = portuguese.get("/docs/quickstart").text
    english_only = portuguese.get("/docs/security").text

    assert '<article class="prose" lang="pt-br">' in translated
    assert "Início rápido" in translated
    assert '<article class="prose" lang="en">' in english_only
    assert "Esta página está em inglês." in english_only


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "api.md",
        "API",
        "quickstart.pt-BR",
        "",
        "/etc/passwd",
        "../README",
        "..%2fREADME",
        "%2e%2e/README",
        "decisions/../../README",
        "decisions/..%2f..%2fSECURITY",
        "....//....//etc/passwd",
        "api%00",
        "api%0a",
        "decisions",
        "decisions/",
        "é",
        "x" * 5000,
    ],
)
def test_unknown_document_is_404(site: Site, path: str) -> None:
    answer = Browser(site).get(f"/docs/{path}")

    assert answer.status_code in {400, 404, 414}
    assert "root:" not in answer.text
    assert "<article" not in answer.text


def test_search_shows_heading_and_excerpt_with_the_words_marked(site: Site) -> None:
    page = Browser(site).get("/docs", params={"q": "REFRESH rotating"}).text

    assert "<mark>refresh</mark>" in page
    assert "<mark>rotating</mark>" in page
    assert 'href="/docs/architecture#tokens"' in page


def test_search_ignores_accents_and_finds_translations(site: Site) -> None:
    page = Browser(site, language="pt-BR").get("/docs", params={"q": "lixeira versoes"}).text

    assert 'href="/docs/quickstart#versões-compartilhamentos-e-a-lixeira"' in page


def test_search_without_a_match_says_so(site: Site) -> None:
    page = Browser(site).get("/docs", params={"q": "qqzz"})

    assert page.status_code == 200
    assert "Nothing was found" in page.text
    assert "0 results for" in page.text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    "{{ settings.SECRET_KEY }}",
    "{% load static %}",
    "\x00",
    "(a+)+$",
    "[",
    "\\",
    "a" * 5000,
    "ﷺ" * 300,
    "İıſ",
    "\u202e",
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_search_is_shown_as_text(site: Site, query: str) -> None:
    page = Browser(site).get(f"/docs?q={quote(query)}")

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "onfocus=alert(1) autofocus='" not in page.text
    assert len(page.text) < 60_000


def test_search_that_is_not_utf8_is_refused(site: Site) -> None:
    assert Browser(site).get("/docs?q=%ff%fe").status_code == 400
