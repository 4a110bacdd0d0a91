"""What is done to staff outside of the admin's own forms."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from audit.services import Actor, record
from core.database.scope import PUBLIC, enter
from core.problems import FieldError, ValidationFailed
from staff.actors import target_of
from staff.models import StaffUser
from staff.problems import StaffExists


def create_staff(
    *,
    email: str,
    password: str,
    actor: Actor,
    is_superuser: bool = False,
    first_name: str = "",
    last_name: str = "",
) -> StaffUser:
    """Add a member of staff who can log in to the admin.

    Raises ValidationFailed for the address or the password, StaffExists.
    """
    fields = {"first_name": first_name, "last_name": last_name, "is_superuser": is_superuser}
    _check(StaffUser(email=email, first_name=first_name, last_name=last_name), password)
    with enter(PUBLIC), transaction.atomic():
        try:
            with transaction.atomic():
                staff = StaffUser.objects.create_user(email, password, **fields)
        except IntegrityError as exc:
            raise StaffExists(errors=[FieldError("email", "taken", StaffExists.title)]) from exc
        record("staff.created", actor=actor, target=target_of(staff), superuser=is_superuser)
        return staff


def _check(staff: StaffUser, password: str) -> None:
    faults = []
    try:
        validate_email(staff.email)
    except ValidationError:
        faults.append(FieldError("email", "invalid", "Give a valid e-mail address."))
    try:
        validate_password(password, staff)
    except ValidationError as exc:
        codes = ((e.code or "invalid", e.messages[0]) for e in exc.error_list)
        faults += [FieldError("password", code, text) for code, text in codes]
    if faults:
        raise ValidationFailed(errors=faults)


def staff_by_email(email: str) -> StaffUser | None:
    """Return the member of staff with this address, whatever its case."""
    with enter(PUBLIC):
        return StaffUser.objects.filter(email__iexact=email.strip()).first()
