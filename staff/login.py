"""Logging in to the staff API."""

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.db import transaction

from audit.services import record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import InvalidCredentials
from staff.actors import actor_of, target_of
from staff.given_passwords import require_password_changed
from staff.login_throttling import throttle_login
from staff.models import StaffUser
from staff.second_factor import require_code, require_enrolled
from staff.tokens import IssuedToken, issue_token


def log_in(*, email: str, password: str, code: str = "") -> IssuedToken:
    """Open a token for the right address and password, and code of who has a second factor.

    An unknown address, a wrong password and an inactive member of staff get the same
    InvalidCredentials after the same work. Raises RateLimited before any of it, and after the right
    password SecondFactorRequired, PasswordChangeRequired and
    StaffFactorMissing.
    """
    with use_scope(PUBLIC), throttle_login(email):
        staff = _authenticate(email, password, code)
        if staff is None:
            raise InvalidCredentials
        with transaction.atomic():
            update_last_login(StaffUser, staff)
            record("staff.logged_in", actor=actor_of(staff), target=target_of(staff), via="api")
            return issue_token(staff, lifetime=settings.STAFF_TOKEN_LIFETIME, actor=actor_of(staff))


def _authenticate(email: str, password: str, code: str) -> StaffUser | None:
    """Return who has proved to be a member of staff; a refusal is recorded (staff/signals.py)."""
    found = authenticate(None, username=email, password=password)
    if not isinstance(found, StaffUser):
        return None
    require_code(found, code)
    require_password_changed(found)
    require_enrolled(found)
    return found
