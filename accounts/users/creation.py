"""Adding people to a tenant: sound, with a hashed password, and no two with one address."""

from collections.abc import Collection

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.passwords.validation import checked_password
from accounts.people.addresses import require_reachable
from accounts.problems import EmailTaken
from core.db_backend.queries import insert_unless_taken
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address
from core.text.names import clean_name

NAMES = ("first_name", "last_name")
LONGEST_NAME = 100


def require_sound(user: User, *, names: Collection[str] = NAMES) -> None:
    """Bring a person's names into normal form C, and hold every field but the password to its rule.

    ``names`` are those to look at: a name that was stored under an older rule must not keep the
    other fields from being changed. Raises ValidationFailed with every fault.
    """
    faults = []
    for name in names:
        try:
            setattr(user, name, clean_person_name(getattr(user, name), field=name))
        except ValidationFailed as exc:
            faults += exc.errors
    try:
        user.clean_fields(exclude=["password", *NAMES])
    except ValidationError as exc:
        faults += [
            FieldError(name, fault.code or "invalid", fault.messages[0])
            for name, found in exc.error_dict.items()
            for fault in found
        ]
    if faults:
        raise ValidationFailed(errors=faults)
    require_reachable(user.email)


def clean_person_name(text: str, *, field: str) -> str:
    """Return a first or last name in normal form C; blank is allowed. Raises ValidationFailed."""
    return clean_name(text, field=field, max_length=LONGEST_NAME, required=False)


def create_user(
    *, email: str, password: str, role: str = User.Role.MEMBER, first_name: str, last_name: str
) -> User:
    """Add a person to the tenant. Raises ValidationFailed, EmailTaken."""
    names = {"first_name": first_name, "last_name": last_name}
    return add_user(new_user(email=email, password=password, role=role, **names))


def new_user(*, email: str, password: str, role: str, first_name: str, last_name: str) -> User:
    """Return a person who is not saved yet, with the password hashed. Raises ValidationFailed."""
    user = User(
        email=canonical_address(email), role=role, first_name=first_name, last_name=last_name
    )
    require_sound(user)
    user.password = checked_password(password, user)
    return user


def add_user(user: User) -> User:
    """Save a new person whose password is hashed already. Raises EmailTaken."""
    if not insert_unless_taken(user):
        raise EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    return user
