"""People at the keyboard: sign-up and log-in without a mouse, and without JavaScript."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.support.http_client import PASSWORD, Site
from tests.support.pages.profiles import Profiles

pytestmark = pytest.mark.usefixtures("fresh_limits")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, and check that the focus is visible."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(selector).first
        if focused.evaluate("element => element === document.activeElement"):
            assert focused.evaluate("element => getComputedStyle(element).outlineStyle") != "none"
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


@pytest.mark.parametrize(
    ("language", "width", "javascript"), [("en", 1280, True), ("pt-BR", 360, False)]
)
def test_sign_up_with_the_keyboard_alone_opens_a_workspace(
    site: Site, page_of: Profiles, language: str, width: int, javascript: bool
):
    slug = f"k{secrets.token_hex(6)}"
    page = page_of(site.host(), language=language, width=width, javascript=javascript)
    page.goto("/")

    tab_to(page, "main a[href='/signup']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signup")
    fields = {"company": "Keys", "subdomain": slug, "email": f"ada@{slug}.test"}
    for name, value in {**fields, "password": PASSWORD}.items():
        tab_to(page, f"[name={name}]")
        page.keyboard.type(value)
    page.keyboard.press("Enter")

    page.wait_for_url(lambda url: "/signup/done" in url or slug in url)
    expect(page.locator("h1")).to_be_visible()
    assert slug in page.content()


def test_first_tab_skips_to_the_content(site: Site, page_of: Profiles):
    page = page_of(site.host())
    page.goto("/signup")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()
