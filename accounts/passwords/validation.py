"""Validation of new passwords, and verification in constant time whether the user exists or not."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import (
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords.breaches import BreachedPasswordValidator
from accounts.passwords.validators import ContextWordValidator, MaximumLengthValidator
from accounts.problems import HashingBusy
from core.crypto.passwords import simulate_verification, verify_password
from core.problems import FieldError, ValidationFailed


def validate_new_password(
    password: str, user: User | None = None, *, field: str = "password"
) -> None:
    """Check a new password against the local rules. ``user`` need not be saved.

    Raises: ValidationFailed with every broken rule.
    """
    # The length first: it bounds the work of the other rules.
    _apply(password, user, field, [MaximumLengthValidator()])
    _apply(password, user, field, [v for v in _validators() if not _is_remote(v)])


def hash_new_password(
    password: str, user: User, *, field: str = "password", names: tuple[str, ...] = ()
) -> str:
    """Validate a new password, also against breaches, and return its hash.

    ``names`` are those of a tenant that does not exist yet.

    Raises: ValidationFailed, PasswordUnchecked, HashingBusy.
    """
    validate_new_password(password, user, field=field)
    if names:
        _apply(password, user, field, [ContextWordValidator(names)])
    _apply(password, user, field, [v for v in _validators() if _is_remote(v)])
    return make_password(password)


def _apply(password: str, user: User | None, field: str, validators: list[Any]) -> None:
    try:
        validate_password(password, user, password_validators=validators)  # type: ignore[arg-type]
    except ValidationError as exc:
        errors = [FieldError(field, e.code or "invalid", e.messages[0]) for e in exc.error_list]
        raise ValidationFailed(errors=errors) from exc


def _validators() -> list[Any]:
    return get_default_password_validators()


def _is_remote(validator: object) -> bool:
    return isinstance(validator, BreachedPasswordValidator)


def user_password_matches(user: User | None, password: str) -> bool:
    """Return whether the password is the user's. For None: False, after the same work."""
    if user is None:
        simulate_verification(password, _dummy_hash())
        return False
    return verify_password(password, user.password, _rehash(user))


def user_password_still_matches(locked: User, seen: User, password: str) -> bool:
    """Return whether a password that matched ``seen`` matches the locked row."""
    return locked.password == seen.password or user_password_matches(locked, password)


def _rehash(user: User) -> Callable[[str], None]:
    def store(password: str) -> None:
        """Store a new hash of the same password, unless the password was changed since."""
        with suppress(HashingBusy):  # the next log-in rehashes
            hashed = make_password(password)
            same = User.objects.filter(pk=user.pk, password=user.password)
            if same.update(password=hashed):
                user.password = hashed

    return store


@cache
def _dummy_hash() -> str:
    return make_password("the password of no user")
