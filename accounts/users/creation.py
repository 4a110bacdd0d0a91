"""Creation of users: validated, with a hashed password and a unique address."""

from collections.abc import Collection

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords.validation import hash_new_password
from accounts.problems import EmailTaken
from core.db_backend.queries import insert_ignoring_conflict
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import UNREACHABLE_DOMAIN, canonical_address
from core.text.names import clean_name

NAME_FIELDS = ("first_name", "last_name")
MAX_NAME_LENGTH = 100
# The domain of removed users' addresses (accounts/users/erasure.py).
REMOVED_USERS_DOMAIN = "@removed.invalid"


def validate_user(user: User, *, names: Collection[str] = NAME_FIELDS) -> None:
    """Normalise the names of a user (form C) and validate all fields but the password.

    ``names`` are the name fields to check. A name that was stored under an older rule must not
    prevent a change of other fields.

    Raises: ValidationFailed with every error.
    """
    field_errors = []
    for name in names:
        try:
            setattr(user, name, clean_user_name(getattr(user, name), field=name))
        except ValidationFailed as exc:
            field_errors += exc.errors
    try:
        user.clean_fields(exclude=["password", *NAME_FIELDS])
    except ValidationError as exc:
        field_errors += [
            FieldError(name, error.code or "invalid", error.messages[0])
            for name, errors in exc.error_dict.items()
            for error in errors
        ]
    if field_errors:
        raise ValidationFailed(errors=field_errors)
    refuse_reserved_address(user.email)


def clean_user_name(text: str, *, field: str) -> str:
    """Return a first or last name in normal form C. It may be blank. Raises: ValidationFailed."""
    return clean_name(text, field=field, max_length=MAX_NAME_LENGTH, required=False)


def create_user_without_actor(
    *, email: str, password: str, role: str = User.Role.MEMBER, first_name: str, last_name: str
) -> User:
    """Add a user without an actor, for seed data. Raises: ValidationFailed, EmailTaken."""
    names = {"first_name": first_name, "last_name": last_name}
    return insert_user(build_user(email=email, password=password, role=role, **names))


def build_user(*, email: str, password: str, role: str, first_name: str, last_name: str) -> User:
    """Return an unsaved user with a hashed password. Raises: ValidationFailed."""
    user = User(
        email=canonical_address(email), role=role, first_name=first_name, last_name=last_name
    )
    validate_user(user)
    user.password = hash_new_password(password, user)
    return user


def insert_user(user: User) -> User:
    """Save a new user whose password is hashed already. Raises: EmailTaken."""
    if not insert_ignoring_conflict(user):
        raise EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    return user


def refuse_reserved_address(email: str) -> None:
    """Refuse a canonical address in the domain of removed users.

    A user with such an address would prevent the removal of another one.

    Raises: ValidationFailed.
    """
    if email.endswith(REMOVED_USERS_DOMAIN):
        raise ValidationFailed(errors=[FieldError("email", "invalid", UNREACHABLE_DOMAIN)])
