"""Staff at the admin's host."""

import secrets
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from audit.services import SYSTEM
from staff.models import StaffUser
from staff.services import create_staff
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Site

NewStaff = Callable[..., StaffUser]


@pytest.fixture(scope="session")
def new_staff(site: Site) -> NewStaff:
    """Make a member of staff: ``new_staff(is_superuser=True)`` or ``new_staff("view_tenant")``."""

    def make(*codenames: str, email: str = "", is_superuser: bool = False) -> StaffUser:
        staff = create_staff(
            email=email or f"s{secrets.token_hex(5)}@aggios.test",
            password=PASSWORD,
            actor=SYSTEM,
            is_superuser=is_superuser,
        )
        staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return staff

    return make


def log_in(browser: Browser, email: str, password: str = PASSWORD):
    """Send the log-in form."""
    return browser.submit("/admin/login/", {"username": email, "password": password})


@pytest.fixture(scope="session")
def staff_browser(site: Site, new_staff: NewStaff) -> Callable[..., Browser]:
    """Return a browser in which a new member of staff with these rights is logged in."""

    def sit(*codenames: str, is_superuser: bool = False, staff: StaffUser | None = None) -> Browser:
        who = staff or new_staff(*codenames, is_superuser=is_superuser)
        browser = Browser(site, "admin")
        assert log_in(browser, who.email).status_code == 302
        browser.staff = who
        return browser

    return sit


@pytest.fixture(scope="session")
def sue(staff_browser: Callable[..., Browser]) -> Browser:
    """Somebody who may do everything, logged in."""
    return staff_browser(is_superuser=True)
