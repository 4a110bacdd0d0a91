"""What is done in a page before it is looked at, for states that no address shows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def submit(page: "Page") -> None:
    """Send the form of the page as it is."""
    page.locator("main [type=submit]").first.click()
    page.wait_for_load_state()


def open_upload_menu(page: "Page") -> None:
    """Open the menu from which files are uploaded."""
    page.locator("#upload-menu > summary").click()


def submit_without_cookies(page: "Page") -> None:
    """Send the form after its cookie has expired."""
    page.context.clear_cookies()
    submit(page)


def ask_for_the_list(page: "Page") -> None:
    """Ask on dash. for the list of workspaces of an address."""
    page.locator("[name=email]").fill("olga@initech.test")
    ask_without_an_address(page)


def ask_without_an_address(page: "Page") -> None:
    """Send the form for the list of workspaces as it is."""
    page.locator("form[method=post] [type=submit]").click()
    page.wait_for_load_state()


def check_list(page: "Page") -> None:
    """Send a list of addresses with good and bad lines."""
    lines = "Nia <nia@pages.test>\nno address\nnia@pages.test\nbo@pages.test"
    page.locator("textarea").fill(lines)
    submit(page)
