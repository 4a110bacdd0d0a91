"""What the scripts of every page do: the theme, menus, and the workspaces that dash. remembers."""

import pytest

from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles

pytestmark = pytest.mark.nightly

GROUND = "getComputedStyle(document.body).backgroundColor"
DARK, LIGHT = "rgb(17, 23, 22)", "rgb(250, 248, 243)"


def test_theme_of_the_switch_is_remembered_and_returns_to_the_system(
    page_of: Profiles, site: Site
) -> None:
    page = page_of(site.host(), theme="light")
    page.goto("/")
    assert page.evaluate(GROUND) == LIGHT

    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate(GROUND) == DARK
    page.goto("/features")
    assert page.evaluate(GROUND) == DARK
    assert (
        page.get_by_role("button", name="Dark", exact=True).get_attribute("aria-pressed") == "true"
    )
    page.get_by_role("button", name="As the system").click()

    assert page.evaluate(GROUND) == LIGHT
    assert page.locator("html").get_attribute("data-theme") is None


def test_theme_switch_is_hidden_without_javascript(page_of: Profiles, site: Site) -> None:
    page = page_of(site.host(), theme="dark", javascript=False)

    page.goto("/")

    assert not page.locator(".theme-switch").is_visible()


def test_menu_opens_by_keyboard_and_closes_by_escape_or_a_click_elsewhere(
    page_of: Profiles, site: Site
) -> None:
    page = page_of(site.host(), width=360)
    page.goto("/")
    menu = page.locator(".site-menu")
    features = menu.get_by_role("link", name="Features")

    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    assert features.is_visible()
    page.keyboard.press("Escape")
    assert not features.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"

    menu.locator("summary").click()
    page.mouse.click(10, 800)
    assert not features.is_visible()


def test_workspace_that_was_visited_through_dash_is_remembered(
    page_of: Profiles, site: Site, acme: Agency, globex: Agency
) -> None:
    page = page_of(site.host("dash"))
    recent = page.locator("#recent-workspaces")
    page.goto("/")
    assert not recent.is_visible()

    for typed in ("acme", f"HTTP://Globex.aggios.localhost:{site.port}/files"):
        page.goto("/")
        page.get_by_label("Address of the workspace").fill(typed)
        page.get_by_role("button", name="Go there").click()
        page.wait_for_url("**/")
    page.goto("/")

    assert recent.get_by_role("link").all_inner_texts() == ["globex", "acme"]
    recent.get_by_role("button", name="Remove from this list: globex").click()
    assert recent.get_by_role("link").all_inner_texts() == ["acme"]
    recent.get_by_role("link").click()
    page.wait_for_url(f"http://acme.aggios.localhost:{site.port}/**")


def test_unknown_workspace_is_not_remembered(page_of: Profiles, site: Site) -> None:
    page = page_of(site.host("dash"))

    page.goto("/")
    page.get_by_label("Address of the workspace").fill("nobody-here")
    page.get_by_role("button", name="Go there").click()

    assert "No workspace answers" in page.locator("main").inner_text()
    assert not page.locator("#recent-workspaces").is_visible()


def test_hostile_storage_is_ignored(page_of: Profiles, site: Site) -> None:
    page = page_of(site.host("dash"))
    page.goto("/")
    stored = '["ok", "<img src=x onerror=alert(1)>", "evil.example/", "a@b", 7, null, {}]'
    page.evaluate("value => localStorage.setItem('aggios-workspaces', value)", stored)

    page.reload()
    links = page.locator("#recent-workspaces a")

    assert links.all_inner_texts() == ["ok"]
    assert page.locator("#recent-workspaces img").count() == 0
    for broken in ("{", "null", '"text"', "[[]]"):
        page.evaluate("value => localStorage.setItem('aggios-workspaces', value)", broken)
        page.reload()
        assert not page.locator("#recent-workspaces").is_visible()
