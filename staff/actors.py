"""Staff users as actors and targets of audit events."""

from typing import Any

from django.http import HttpRequest

from audit.services import Actor, Target
from staff.models import StaffUser


def actor_of(staff: StaffUser) -> Actor:
    """Return a staff user as an actor."""
    return Actor("staff", str(staff.pk), staff.email)


def target_of(staff: StaffUser) -> Target:
    """Return a staff user as a target."""
    return Target("staff", str(staff.pk), staff.email)


def admin_actor(request: HttpRequest) -> Actor:
    """Return the user of the admin's session as an actor."""
    user: Any = request.user
    return actor_of(user)
