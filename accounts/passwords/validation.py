"""The rules for a password, and checking one in the same time whether its owner exists or not."""

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
    """Raise ValidationFailed with each rule that the password breaks, as far as we know ourselves.

    ``user`` need not be saved; its own data must not look like the password.
    """
    # The length alone first: it bounds the work of the other rules.
    _apply(password, user, field, [MaximumLengthValidator()])
    _apply(password, user, field, [rule for rule in _validators() if not _is_remote(rule)])


def hash_new_password(
    password: str, user: User, *, field: str = "password", names: tuple[str, ...] = ()
) -> str:
    """Return the hash of a password that keeps the rules.

    ``names`` are those of a workspace that is not there yet. Raises ValidationFailed,
    PasswordUnchecked, HashingBusy.
    """
    validate_new_password(password, user, field=field)
    if names:
        _apply(password, user, field, [ContextWordValidator(names)])
    _apply(password, user, field, [rule for rule in _validators() if _is_remote(rule)])
    return make_password(password)


def _apply(password: str, user: User | None, field: str, rules: list[Any]) -> None:
    try:
        validate_password(password, user, password_validators=rules)  # type: ignore[arg-type]
    except ValidationError as exc:
        faults = [FieldError(field, e.code or "invalid", e.messages[0]) for e in exc.error_list]
        raise ValidationFailed(errors=faults) from exc


def _validators() -> list[Any]:
    return get_default_password_validators()


def _is_remote(rule: object) -> bool:
    return isinstance(rule, BreachedPasswordValidator)


def user_password_matches(user: User | None, password: str) -> bool:
    """Tell whether the password is the user's. Does the same work for nobody, and answers False."""
    if user is None:
        simulate_verification(password, _dummy_hash())
        return False
    return verify_password(password, user.password, _rehash(user))


def user_password_still_matches(locked: User, seen: User, password: str) -> bool:
    """Tell whether a password that fitted ``seen`` fits the row as it is locked now."""
    return locked.password == seen.password or user_password_matches(locked, password)


def _rehash(user: User) -> Callable[[str], None]:
    def store(password: str) -> None:
        """Store the same password anew, unless another one has been set meanwhile."""
        with suppress(HashingBusy):  # the next log-in does it
            hashed = make_password(password)
            same = User.objects.filter(pk=user.pk, password=user.password)
            if same.update(password=hashed):
                user.password = hashed

    return store


@cache
def _dummy_hash() -> str:
    return make_password("nobody's password")
