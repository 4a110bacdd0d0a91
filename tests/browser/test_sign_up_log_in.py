"""After a sign-up the owner is logged in on the host of the new workspace, in a real browser."""

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.http_client import PASSWORD, Site
from tests.support.pages.profiles import Profiles

if TYPE_CHECKING:
    from playwright.sync_api import Page


def sign_up(page: "Page", slug: str) -> None:
    page.goto("/signup")
    fields = {
        "company": "Initech",
        "subdomain": slug,
        "first_name": "Olga",
        "email": f"olga@{slug}.test",
        "password": PASSWORD,
    }
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.locator("main [type=submit]").click()


@pytest.mark.parametrize(("language", "said"), [("en", "Hello, Olga"), ("pt-BR", "Olá, Olga")])
def test_owner_is_at_home_after_the_sign_up(
    site: Site, page_of: Profiles, language: str, said: str
):
    slug = f"b{secrets.token_hex(6)}"
    page = page_of(site.host(), language=language, width=360)

    sign_up(page, slug)
    page.wait_for_url(f"http://{slug}.*/?notice=opened")

    assert page.locator("h1").inner_text() == said
    # The page that sent the ticket is not in the history, so going back sends nothing again.
    page.go_back()
    assert page.url.endswith("/signup")


def test_owner_is_logged_in_by_a_button_without_javascript(site: Site, page_of: Profiles):
    slug = f"b{secrets.token_hex(6)}"
    page = page_of(site.host(), javascript=False)

    sign_up(page, slug)
    page.wait_for_url("**/signup/done?**")
    page.locator("main form button").click()
    page.wait_for_url(f"http://{slug}.*/?notice=opened")

    assert page.locator("h1").inner_text() == "Hello, Olga"
    page.locator("text=Hide this list").click()
    page.wait_for_url("**/?notice=hidden")
    assert page.locator(".checklist").count() == 0
