"""Quota limits of an agency."""

import httpx

from audit.services import SYSTEM
from tenants.services import update_limits
from tests.support.factories import Agency


def set_limits(agency: Agency, **limits: int | None) -> None:
    """Set limits of an agency, which apply from the next request on."""
    update_limits(agency.ref.id, limits=limits, actor=SYSTEM)


def assert_quota_exceeded(response: httpx.Response) -> None:
    """Check that a request was refused by the quota, with limits and usage."""
    assert (response.status_code, response.json()["code"]) == (413, "quota_exceeded"), response.text
    assert set(response.json()["quota"]) == {
        *("storage_bytes", "storage_objects", "used_bytes", "used_objects"),
        *("reserved_bytes", "reserved_objects"),
    }
