"""Staff as actors of the audit trail."""

from typing import Any

from django.http import HttpRequest

from audit.services import Actor, Target
from staff.models import StaffUser


def actor_of(staff: StaffUser) -> Actor:
    """Return a member of staff as somebody who acts."""
    return Actor("staff", str(staff.pk), staff.email)


def target_of(staff: StaffUser) -> Target:
    """Return a member of staff as somebody who is acted on."""
    return Target("staff", str(staff.pk), staff.email)


def admin_actor(request: HttpRequest) -> Actor:
    """Return who is logged in to the admin."""
    user: Any = request.user
    return actor_of(user)
