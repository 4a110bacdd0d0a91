"""Staff users in browsers on the admin's host."""

from collections.abc import Callable

import pytest

from staff.models import StaffUser
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.staff import NewStaff, log_in_to_admin
from tests.support.support_access import RIGHTS


@pytest.fixture(scope="session")
def staff_browser(site: Site, new_staff: NewStaff) -> Callable[..., Browser]:
    """Return a function that logs a new staff user with these permissions in to a browser."""

    def log_in_as(
        *codenames: str, is_superuser: bool = False, staff: StaffUser | None = None
    ) -> Browser:
        user = staff or new_staff(*codenames, is_superuser=is_superuser)
        browser = Browser(site, "admin")
        assert log_in_to_admin(browser, user.email).status_code == 302
        browser.staff = user
        return browser

    return log_in_as


@pytest.fixture(scope="session")
def superuser_browser(staff_browser: Callable[..., Browser]) -> Browser:
    """The browser of a superuser who is logged in."""
    return staff_browser(is_superuser=True)


@pytest.fixture(scope="session")
def support(staff_browser: Callable[..., Browser]) -> Browser:
    """The browser of a staff user of the support."""
    return staff_browser(*RIGHTS)


@pytest.fixture
def owner(site: Site, agency: Agency) -> Browser:
    """The browser of the owner of ``agency``."""
    return logged_in(site, agency)
