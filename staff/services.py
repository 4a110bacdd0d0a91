"""What is done to staff outside of the admin's own forms."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address
from core.text.names import clean_name
from staff.actors import target_of
from staff.models import StaffUser
from staff.problems import StaffExists

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
