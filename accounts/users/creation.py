"""Adding people to a tenant: sound, with a hashed password, and no two with one address."""

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


# Where removed people have their address (accounts/users/erasure.py).
REMOVED_USERS_DOMAIN = "@removed.invalid"


def validate_user(user: User, *, names: Collection[str] = NAME_FIELDS) -> None:
    """Bring a person's names into normal form C, and hold every field but the password to its rule.

    ``names`` are those to look at: a name that was stored under an older rule must not keep the
    other fields from being changed. Raises ValidationFailed with every fault.
    """
    faults = []
    for name in names:
        try:
            setattr(user, name, clean_user_name(getattr(user, name), field=name))
        except ValidationFailed as exc:
            faults += exc.errors
    try:
        user.clean_fields(exclude=["password", *NAME_FIELDS])
    except ValidationError as exc:
        faults += [
            FieldError(name, fault.code or "invalid", fault.messages[0])
            for name, found in exc.error_dict.items()
            for fault in found
        ]
    if faults:
        raise ValidationFailed(errors=faults)
    refuse_reserved_address(user.email)


def clean_user_name(text: str, *, field: str) -> str:
    """Return a first or last name in normal form C; blank is allowed. Raises ValidationFailed."""
    return clean_name(text, field=field, max_length=MAX_NAME_LENGTH, required=False)


def create_user_without_actor(
    *, email: str, password: str, role: str = User.Role.MEMBER, first_name: str, last_name: str
) -> User:
    """Add a person to the tenant. Raises ValidationFailed, EmailTaken."""
    names = {"first_name": first_name, "last_name": last_name}
    return insert_user(build_user(email=email, password=password, role=role, **names))


def build_user(*, email: str, password: str, role: str, first_name: str, last_name: str) -> User:
    """Return a person who is not saved yet, with the password hashed. Raises ValidationFailed."""
    user = User(
        email=canonical_address(email), role=role, first_name=first_name, last_name=last_name
    )
    validate_user(user)
    user.password = hash_new_password(password, user)
    return user


def insert_user(user: User) -> User:
    """Save a new person whose password is hashed already. Raises EmailTaken."""
    if not insert_ignoring_conflict(user):
        raise EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    return user


# Addresses of people that nobody may have. Their form is core/text/email_addresses.py.


def refuse_reserved_address(email: str) -> None:
    """Raise ValidationFailed for a canonical address that is kept for people who were removed.

    A person who had it would keep another one from being removed.
    """
    if email.endswith(REMOVED_USERS_DOMAIN):
        raise ValidationFailed(errors=[FieldError("email", "invalid", UNREACHABLE_DOMAIN)])
