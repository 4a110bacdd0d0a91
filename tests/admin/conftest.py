"""Staff at the admin's host."""

from collections.abc import Callable

import pytest

from staff.models import StaffUser
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.staff import NewStaff, log_in_to_admin


@pytest.fixture(scope="session")
def staff_browser(site: Site, new_staff: NewStaff) -> Callable[..., Browser]:
    """Return a browser in which a new member of staff with these rights is logged in."""

    def sit(*codenames: str, is_superuser: bool = False, staff: StaffUser | None = None) -> Browser:
        who = staff or new_staff(*codenames, is_superuser=is_superuser)
        browser = Browser(site, "admin")
        assert log_in_to_admin(browser, who.email).status_code == 302
        browser.staff = who
        return browser

    return sit


@pytest.fixture(scope="session")
def sue(staff_browser: Callable[..., Browser]) -> Browser:
    """Somebody who may do everything, logged in."""
    return staff_browser(is_superuser=True)
