"""Staff users at the staff API."""

from collections.abc import Callable

import pytest

from staff.models import StaffUser
from tests.support.http_client import Host, Site
from tests.support.staff import NewStaff, log_in_to_api

At = Callable[..., Host]


@pytest.fixture(scope="session")
def staff_at(site: Site, new_staff: NewStaff) -> At:
    """Return a host with the token of a new staff user: ``staff_at("api", "view_tenant")``."""

    def log_in_as(label: str = "", *codenames: str, staff: StaffUser | None = None) -> Host:
        everything = not codenames and staff is None
        user = staff or new_staff(*codenames, is_superuser=everything)
        answer = log_in_to_api(site.host(), user.email)
        assert answer.status_code == 200, answer.text
        host = site.host(label).with_token(answer.json()["access_token"])
        host.staff = user
        return host

    return log_in_as


@pytest.fixture(scope="session")
def staff_superuser(staff_at: At) -> Host:
    """The API on the apex with the token of a superuser."""
    return staff_at()
