"""Logo and colour of a workspace as a browser shows them, under the policy of every page."""

import pytest

from tests.support.branding import send_logo
from tests.support.browser import logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.accessibility import assert_accessible
from tests.support.pages.profiles import Profiles
from tests.support.pictures import JPEG, WEBP, png

pytestmark = pytest.mark.nightly

PICTURES = {"png": png(), "jpeg": JPEG, "webp": WEBP}
SIZE = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
GROUND = "element => getComputedStyle(element).backgroundColor"
TEXT = "element => getComputedStyle(element).color"


@pytest.mark.parametrize("kind", PICTURES)
def test_cleaned_logo_is_decoded_by_a_browser(
    page_of: Profiles, site: Site, new_agency, fresh_limits: None, kind: str
) -> None:
    agency: Agency = new_agency()
    send_logo(logged_in(site, agency), PICTURES[kind])
    page = page_of(agency.host)

    page.goto("/login")

    assert page.locator(".workspace-logo img").evaluate(SIZE) == [8, 6]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colour_is_that_of_the_buttons(
    page_of: Profiles, site: Site, new_agency, fresh_limits: None, theme: str
) -> None:
    agency: Agency = new_agency()
    agency.owner.at.patch("/api/tenant", {"settings": {"accent_color": "#ffd500"}})
    browser = logged_in(site, agency)
    page = page_of(agency.host, theme=theme, cookies_of=browser)

    page.goto("/settings/branding")

    button = page.locator("main .button:not(.quiet)").first
    assert button.evaluate(GROUND) == "rgb(255, 213, 0)"
    assert button.evaluate(TEXT) == "rgb(0, 0, 0)"
    assert_accessible(page)
