"""Setting what an agency may keep, and knowing when it is too much."""

import httpx

from audit.services import SYSTEM
from tenants.services import update_limits
from tests.support.factories import Agency


def set_limits(agency: Agency, **limits: int | None) -> None:
    """Set limits apart for an agency; they hold from the next request on."""
    update_limits(agency.ref.id, limits=limits, actor=SYSTEM)


def assert_quota_exceeded(answer: httpx.Response) -> None:
    """It is refused for want of room, and told what there is."""
    assert (answer.status_code, answer.json()["code"]) == (413, "quota_exceeded"), answer.text
    assert set(answer.json()["quota"]) == {
        *("storage_bytes", "storage_objects", "used_bytes", "used_objects"),
        *("reserved_bytes", "reserved_objects"),
    }
