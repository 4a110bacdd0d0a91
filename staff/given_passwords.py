"""Passwords of staff that somebody else has chosen: the first thing to do is to choose another."""

from django.conf import settings

from core.problems import PasswordChangeRequired
from staff.models import StaffUser


def must_change_password(staff: StaffUser) -> bool:
    """Tell whether a member of staff must choose a password before anything else."""
    required = settings.STAFF_FIRST_PASSWORD_CHANGE == "required"  # noqa: S105 - no password
    return required and staff.password_change_required


def require_password_changed(staff: StaffUser) -> None:
    """Raise PasswordChangeRequired for a password that was given."""
    if must_change_password(staff):
        raise PasswordChangeRequired
