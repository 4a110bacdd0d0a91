"""Staff users: creation, log-in to the API, required password changes, canonical addresses."""

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


def log_in(*, email: str, password: str, code: str = "") -> IssuedToken:
    """Authenticate with e-mail, password and, if enrolled, a second-factor code; issue a token.

    Raises:
        RateLimited: before any other work.
        InvalidCredentials: after the same work for an unknown address, a wrong password and an
            inactive user.
        SecondFactorRequired, PasswordChangeRequired, StaffFactorMissing: after a correct password.
    """
    with use_scope(PUBLIC), throttle_login(email):
        staff = _authenticate(email, password, code)
        if staff is None:
            raise InvalidCredentials
        with transaction.atomic():
            update_last_login(StaffUser, staff)
            record("staff.logged_in", actor=actor_of(staff), target=target_of(staff), via="api")
            return issue_token(staff, lifetime=settings.STAFF_TOKEN_LIFETIME, actor=actor_of(staff))


def create_staff(
    *,
    email: str,
    password: str,
    actor: Actor,
    is_superuser: bool = False,
    first_name: str = "",
    last_name: str = "",
) -> StaffUser:
    """Create a staff user with an initial password, which the user must change.

    Raises: ValidationFailed for the address, the names or the password, and StaffExists.
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
    """Return the names in normal form C; a blank one is valid. Raises: ValidationFailed."""
    return {
        name: clean_name(text, field=name, max_length=MAX_NAME_LENGTH, required=False)
        for name, text in names.items()
    }


def staff_by_email(email: str) -> StaffUser | None:
    """Return the staff user with this address in any spelling, or None."""
    with use_scope(PUBLIC):
        try:
            return StaffUser.objects.get_by_natural_key(email)
        except StaffUser.DoesNotExist:
            return None


def must_change_password(staff: StaffUser) -> bool:
    """Tell whether a staff user must change a password that another person chose."""
    required = settings.STAFF_FIRST_PASSWORD_CHANGE == "required"  # noqa: S105 - no password
    return required and staff.password_change_required


def require_password_changed(staff: StaffUser) -> None:
    """Raise PasswordChangeRequired if the password must be changed first."""
    if must_change_password(staff):
        raise PasswordChangeRequired


def noncanonical_addresses(cursor: Any) -> list[AddressFinding]:
    """Return the staff users whose address is not canonical; ``cursor`` is in ``public``."""
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
    """Canonicalise the addresses of staff, except those that collide."""
    for found in noncanonical_addresses(cursor):
        if found.problem == "not_canonical":
            change = "UPDATE staff_staffuser SET email = %s WHERE id = %s"
            cursor.execute(change, [found.canonical, found.id])


def _authenticate(email: str, password: str, code: str) -> StaffUser | None:
    """Return the authenticated staff user. A failure is recorded (staff/signals.py)."""
    found = authenticate(None, username=email, password=password)
    if not isinstance(found, StaffUser):
        return None
    require_code(found, code)
    require_password_changed(found)
    require_enrolled(found)
    return found


def _validate_new_staff(email: str, password: str, **names: str) -> str:
    """Return the canonical address. Raises: ValidationFailed with the errors of both fields."""
    errors = []
    try:
        email = canonical_address(email)
    except ValidationFailed as exc:
        errors += exc.errors
    try:
        validate_password(password, StaffUser(email=email, **names))
    except ValidationError as exc:
        codes = ((e.code or "invalid", e.messages[0]) for e in exc.error_list)
        errors += [FieldError("password", code, text) for code, text in codes]
    if errors:
        raise ValidationFailed(errors=errors)
    return email
