"""Staff at the API."""

from collections.abc import Callable

import pytest

from staff.models import StaffUser
from tests.admin.conftest import NewStaff, new_staff
from tests.support.http_client import PASSWORD, Host, Site

__all__ = ["new_staff"]

At = Callable[..., Host]


def log_in(host: Host, email: str, password: str = PASSWORD):
    """Log in over HTTP."""
    return host.post("/api/auth/login", {"email": email, "password": password})


@pytest.fixture(scope="session")
def staff_at(site: Site, new_staff: NewStaff) -> At:
    """Return a host asked by a new member of staff: ``staff_at("api", "view_tenant")``."""

    def sit(label: str = "", *codenames: str, staff: StaffUser | None = None) -> Host:
        everything = not codenames and staff is None
        who = staff or new_staff(*codenames, is_superuser=everything)
        answer = log_in(site.host(), who.email)
        assert answer.status_code == 200, answer.text
        host = site.host(label).with_token(answer.json()["access_token"])
        host.staff = who
        return host

    return sit


@pytest.fixture(scope="session")
def sue(staff_at: At) -> Host:
    """The API on the apex, asked by somebody who may do everything."""
    return staff_at()
