"""What is done to staff outside of the admin's own forms."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, InvalidCredentials, PasswordChangeRequired, ValidationFailed
from core.text.email_addresses import canonical_address
from core.text.email_canonicalization import (
    AddressFinding,
    StoredAddress,
    canonical_or_none,
    find_noncanonical,
    noncanonical_condition,
)
from core.text.names import clean_name
from staff.actors import actor_of, target_of
from staff.login_throttling import throttle_login
from staff.models import StaffUser
from staff.problems import StaffExists
from staff.second_factor import require_code, require_enrolled
from staff.tokens import IssuedToken, issue_token

MAX_NAME_LENGTH = 100


def create_staff(
    *,
    email: str,
    password: str,
    actor: Actor,
    is_superuser: bool = False,
    first_name: str = "",
    last_name: str = "",
) -> StaffUser:
    """Add a member of staff who can log in to the admin, with a password that is given to them.

    Raises ValidationFailed for the address, the names or the password, StaffExists.
    """
    names = clean_staff_names(first_name=first_name, last_name=last_name)
    fields = {**names, "is_superuser": is_superuser, "password_change_required": True}
    address = _validate_new_staff(email, password, **names)
    with use_scope(PUBLIC), transaction.atomic():
        try:
            with transaction.atomic():
                staff = StaffUser.objects.create_user(address, password, **fields)
        except IntegrityError as exc:
            raise StaffExists(errors=[FieldError("email", "taken", StaffExists.title)]) from exc
        record("staff.created", actor=actor, target=target_of(staff), superuser=is_superuser)
        return staff


def clean_staff_names(**names: str) -> dict[str, str]:
    """Return first and last names in normal form C; blank is allowed. Raises ValidationFailed."""
    return {
        name: clean_name(text, field=name, max_length=MAX_NAME_LENGTH, required=False)
        for name, text in names.items()
    }


def _validate_new_staff(email: str, password: str, **names: str) -> str:
    """Return the canonical address. Raises ValidationFailed with the faults of both fields."""
    faults = []
    try:
        email = canonical_address(email)
    except ValidationFailed as exc:
        faults += exc.errors
    try:
        validate_password(password, StaffUser(email=email, **names))
    except ValidationError as exc:
        codes = ((e.code or "invalid", e.messages[0]) for e in exc.error_list)
        faults += [FieldError("password", code, text) for code, text in codes]
    if faults:
        raise ValidationFailed(errors=faults)
    return email


def staff_by_email(email: str) -> StaffUser | None:
    """Return the member of staff with this address, in whatever spelling of its mailbox."""
    with use_scope(PUBLIC):
        try:
            return StaffUser.objects.get_by_natural_key(email)
        except StaffUser.DoesNotExist:
            return None


# Logging in to the staff API.
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


# Passwords of staff that somebody else has chosen: the first thing to do is to choose another.
def must_change_password(staff: StaffUser) -> bool:
    """Tell whether a member of staff must choose a password before anything else."""
    required = settings.STAFF_FIRST_PASSWORD_CHANGE == "required"  # noqa: S105 - no password
    return required and staff.password_change_required


def require_password_changed(staff: StaffUser) -> None:
    """Raise PasswordChangeRequired for a password that was given."""
    if must_change_password(staff):
        raise PasswordChangeRequired


# The addresses of staff that are stored in another form than the canonical one.


def noncanonical_addresses(cursor: Any) -> list[AddressFinding]:
    """Return the members of staff whose address is not canonical; ``cursor`` is in ``public``."""
    condition = noncanonical_condition("email")
    cursor.execute(f"SELECT id::text, email FROM staff_staffuser WHERE {condition}", [])  # noqa: S608 - no input
    rows = [StoredAddress("staff", *row) for row in cursor.fetchall()]
    if not rows:
        return []
    wanted = [canonical for row in rows if (canonical := canonical_or_none(row.address))]
    cursor.execute(
        "SELECT lower(email), id::text FROM staff_staffuser WHERE lower(email) = ANY(%s)", [wanted]
    )
    return list(find_noncanonical(rows, dict(cursor.fetchall())))


def canonicalize_addresses(cursor: Any) -> None:
    """Bring every address of staff into canonical form, but those that collide."""
    for found in noncanonical_addresses(cursor):
        if found.problem == "not_canonical":
            change = "UPDATE staff_staffuser SET email = %s WHERE id = %s"
            cursor.execute(change, [found.canonical, found.id])
