"""Logging in to the staff API."""

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction

from audit.services import record
from core.db_backend.scope import PUBLIC, enter
from core.problems import InvalidCredentials
from staff.actors import actor_of, target_of
from staff.given_passwords import require_own_password
from staff.login_throttling import counted_attempt
from staff.models import StaffUser
from staff.second_factor import require_code, require_enrolled
from staff.tokens import Issued, issue


def log_in(*, email: str, password: str, code: str = "") -> Issued:
    """Open a token for the right address and password, and code of who has a second factor.

    An unknown address, a wrong password and an inactive member of staff get the same
    InvalidCredentials after the same work. Raises RateLimited before any of it, and after the right
    password SecondFactorRequired, PasswordChangeRequired and
    StaffFactorMissing.
    """
    with enter(PUBLIC), counted_attempt(email):
        staff = _proven(email, password, code)
        if staff is None:
            raise InvalidCredentials
        with transaction.atomic():
            update_last_login(StaffUser, staff)
            record("staff.logged_in", actor=actor_of(staff), target=target_of(staff), via="api")
            return issue(staff, lifetime=settings.STAFF_TOKEN_LIFETIME, actor=actor_of(staff))


def _proven(email: str, password: str, code: str) -> StaffUser | None:
    """Return who has proved to be a member of staff; a refusal is recorded (staff/signals.py)."""
    found = authenticate(None, username=email, password=password)
    if not isinstance(found, StaffUser):
        return None
    require_code(found, code)
    require_own_password(found)
    require_enrolled(found)
    return found
