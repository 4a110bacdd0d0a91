"""Django's authentication backend for staff, in constant time."""

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from core.crypto.passwords import simulate_verification
from staff.models import StaffUser


class StaffBackend(ModelBackend):
    """Verifies in both Unicode forms for an unknown address too; Django's backend hashes once."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> StaffUser | None:
        """Return the active staff user with this address and password, or None."""
        if username is None or password is None:
            return None
        try:
            staff = StaffUser.objects.get_by_natural_key(username)
        except StaffUser.DoesNotExist:
            simulate_verification(password, _unknown_hash())
            return None
        return staff if staff.check_password(password) and staff.is_active else None


@cache
def _unknown_hash() -> str:
    return make_password("the password of an unknown address")
