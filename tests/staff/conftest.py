"""Staff at the API."""

from collections.abc import Callable

import pytest

from staff.models import StaffUser
from tests.support.http_client import Host, Site
from tests.support.staff import NewStaff, log_in_to_api

At = Callable[..., Host]


@pytest.fixture(scope="session")
def staff_at(site: Site, new_staff: NewStaff) -> At:
    """Return a host asked by a new member of staff: ``staff_at("api", "view_tenant")``."""

    def sit(label: str = "", *codenames: str, staff: StaffUser | None = None) -> Host:
        everything = not codenames and staff is None
        who = staff or new_staff(*codenames, is_superuser=everything)
        answer = log_in_to_api(site.host(), who.email)
        assert answer.status_code == 200, answer.text
        host = site.host(label).with_token(answer.json()["access_token"])
        host.staff = who
        return host

    return sit


@pytest.fixture(scope="session")
def sue(staff_at: At) -> Host:
    """The API on the apex, asked by somebody who may do everything."""
    return staff_at()
