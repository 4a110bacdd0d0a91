"""Every page: languages, headers, accessibility, and no resources of other hosts."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site

PAGES = [
    ("", "/", 200),
    ("www", "/", 200),
    ("", "/signup", 200),
    ("", "/errors/tenant_suspended", 200),
    ("", "/errors/file_too_large", 200),
    ("", "/errors/no-such-code", 404),
    ("", "/nothing", 404),
    ("dash", "/", 200),
    ("dash", "/?workspace=nobody-here", 404),
    ("dash", "/nothing", 404),
    ("acme", "/", 200),
    ("acme", "/login", 200),
    ("acme", "/password/forgot", 200),
    ("acme", "/password/forgot?notice=mailed", 200),
    ("acme", "/register", 403),
    ("acme", "/nothing", 404),
    ("nobody-here", "/", 404),
    ("admin", "/nothing", 404),
]
EACH = pytest.mark.parametrize(("label", "path", "status"), PAGES)


class Outline(HTMLParser):
    """The tags of an HTML page and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


@EACH
def test_page_is_served_in_both_languages(
    site: Site, acme: Agency, label: str, path: str, status: int
) -> None:
    english = Browser(site, label).get(path)
    portuguese = Browser(site, label, language="pt-BR,pt;q=0.9,en;q=0.5").get(path)

    assert (english.status_code, portuguese.status_code) == (status, status)
    assert (english.headers["content-language"], portuguese.headers["content-language"]) == (
        "en",
        "pt-br",
    )
    assert '<html lang="en">' in english.text
    assert '<html lang="pt-br">' in portuguese.text
    assert "Skip to the content" in english.text
    assert "Ir para o conteúdo" in portuguese.text
    assert {"accept-language", "cookie"} <= {
        part.strip().lower() for part in english.headers["vary"].split(",")
    }


@EACH
def test_page_language_link_is_remembered(
    site: Site, acme: Agency, label: str, path: str, status: int
) -> None:
    browser = Browser(site, label)
    links = Outline(browser.get(path).text).all("a")
    [switch] = [a["href"] for a in links if a.get("hreflang") == "pt-br"]

    there = browser.client.get(f"{path.partition('?')[0]}{switch}", follow_redirects=True)
    again = browser.get(path)

    assert (there.status_code, again.status_code) == (status, status)
    assert '<html lang="pt-br">' in there.text
    assert '<html lang="pt-br">' in again.text
    if "workspace=" in path:
        assert "nobody-here" in there.text


@EACH
def test_page_loads_only_resources_of_its_host(
    site: Site, acme: Agency, label: str, path: str, status: int
) -> None:
    browser = Browser(site, label)
    answer = browser.get(path)
    page = Outline(answer.text)

    assert page.all("style", "iframe") == []
    scripts = page.all("script")
    assert all(script["type"] == "module" and script["src"] for script in scripts)
    assert re.findall(r"<script[^>]*>(?!</script>)", answer.text) == []
    assert not [attrs for _, attrs in page.tags if "style" in attrs]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    used = [a["href"] for a in page.all("link") if a["rel"] != "canonical"] + [
        a["src"] for a in page.all("img")
    ]
    used += [script["src"] for script in scripts]
    assert used
    for address in used:
        assert browser.get(str(address)).status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    trusted = {"require-trusted-types-for 'script'", "trusted-types aggios-worker"}
    assert trusted <= set(policy.split("; "))
    assert answer.headers["x-content-type-options"] == "nosniff"


@EACH
def test_page_is_accessible_by_keyboard_and_screen_reader(
    site: Site, acme: Agency, label: str, path: str, status: int
) -> None:
    page = Outline(Browser(site, label).get(path).text)

    assert len(page.all("h1", "title", "main")) == 3
    assert page.all("a")[0] == {"class": "skip", "href": "#content"}
    assert not [attrs for _, attrs in page.tags if int(attrs.get("tabindex") or 0) > 0]
    labelled = {attrs["for"] for attrs in page.all("label")}
    for field in page.all("input", "textarea", "select"):
        assert field.get("type") == "hidden" or field["id"] in labelled
    assert all("alt" in image for image in page.all("img"))


@pytest.mark.parametrize("label", ["", "dash", "acme", "nobody-here", "admin"])
def test_clients_without_html_get_problem_json(site: Site, acme: Agency, label: str) -> None:
    for accept in ("*/*", "application/json", ""):
        answer = site.host(label).get("/nothing", headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    answer = site.host(label).get("/api/nothing", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_unsupported_method_is_refused_with_allow(site: Site) -> None:
    for answer in (site.host().post("/", {}), site.host("dash").delete("/")):
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert answer.json()["code"] == "method_not_allowed"


def test_tenant_home_page_shows_no_private_data(site: Site, acme: Agency) -> None:
    page = Browser(site, "acme").get("/").text

    assert "<h1>Acme</h1>" in page
    assert 'href="/login"' in page
    for private in (acme.owner.email, acme.ref.schema_name, str(acme.ref.id)):
        assert private not in page


def test_tenant_name_is_escaped(site: Site, new_agency) -> None:
    agency = new_agency(company='<script>alert("1")</script>')

    page = Browser(site, agency.slug).get("/").text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_problem_type_leads_to_its_page(site: Site, acme: Agency) -> None:
    problem = site.host("acme").get("/api/users/me").json()

    path = re.sub(r"^https?://[^/]+", "", problem["type"])
    page = Browser(site).get(path)

    assert page.status_code == 200
    assert problem["code"] in page.text
    assert problem["title"] in page.text


def test_long_names_are_wrapped_in_pages_and_emails() -> None:
    """Measured in Chromium at 320 px: without these rules 120 characters make 2 399 px."""
    root = Path(__file__).resolve().parents[2] / "templates"
    sheet = (root / "static/aggios/components.css").read_text(encoding="utf-8")
    mail = (root / "mail/base.html").read_text(encoding="utf-8")

    for style in (rule_of(sheet, "body"), mail.partition("<body")[2].partition(">")[0]):
        assert "overflow-wrap:anywhere" in style.replace(" ", "")
    assert "flex-wrap: wrap" in rule_of(sheet, ".affixed")


def rule_of(sheet: str, selector: str) -> str:
    return sheet.partition(f"\n{selector} {{")[2].partition("}")[0]
