"""The logo of a workspace in tests: sent as a form, and where it is stored."""

from typing import Any

import httpx

from tenants.branding import Logo, logo_of
from tests.support.browser import TOKEN, Browser
from tests.support.factories import Agency

SETTINGS_PAGE, LOGO_FORM = "/settings/branding", "/settings/logo"


def send_logo(browser: Browser, data: bytes, name: str = "logo.png") -> httpx.Response:
    """Load the page of the settings and send its form with a file."""
    token = TOKEN.search(browser.get(SETTINGS_PAGE).text)
    assert token
    files: dict[str, Any] = {"logo": (name, data, "image/png")}
    return browser.post(LOGO_FORM, {"csrfmiddlewaretoken": token[1]}, files=files)


def stored_logo_of(agency: Agency) -> Logo | None:
    """Return the logo that the agency's row has."""
    return logo_of(agency.ref)


def logo_key(agency: Agency) -> str:
    """Return the key of the object that the agency's row names."""
    logo = stored_logo_of(agency)
    assert logo
    return f"{agency.ref.object_prefix}/{logo.object_name}"
