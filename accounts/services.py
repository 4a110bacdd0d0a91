"""What people do with their accounts. Each verb is one transaction, audited, and names who acts."""

import unicodedata
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.factors.codes import require_code
from accounts.invitations.admission import admission_of, use_up
from accounts.mail.outbox import ask_to_verify
from accounts.models import Session, User
from accounts.passwords.rules import checked_password, password_fits, still_fits
from accounts.people.finding import person_with_email
from accounts.problems import EmailTaken, InvalidCredentials
from accounts.sessions.services import Opened, actor_of, end, open_session
from audit.services import ANONYMOUS, Target, record
from core.problems import FieldError, ValidationFailed

# Where removed people have their address (accounts/people/removal.py).
TOMBSTONES = "@removed.invalid"


def normalised_email(email: str) -> str:
    """Return an address as it is stored and compared: without case."""
    return email.strip().lower()


def target_of(user: User) -> Target:
    """Return a person as an audit target."""
    return Target("user", str(user.id), user.email)


def require_sound(user: User) -> None:
    """Raise ValidationFailed with every field of a person that is not valid, but the password."""
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as exc:
        faults = [
            FieldError(name, fault.code or "invalid", fault.messages[0])
            for name, found in exc.error_dict.items()
            for fault in found
        ]
        raise ValidationFailed(errors=faults) from exc
    if not _is_plain(user.email):
        rule = "Use the usual form of this address, without look-alike letters."
        raise ValidationFailed(errors=[FieldError("email", "invalid", rule)])
    # Whoever had the address that is kept for somebody would keep them from being removed.
    if user.email.endswith(TOMBSTONES):
        rule = "No mail can reach this address."
        raise ValidationFailed(errors=[FieldError("email", "invalid", rule)])


def _is_plain(email: str) -> bool:
    """Whether no other letters could mean the same mailbox (Unicode TR 36; CVE-2019-19844).

    Python's pattern for A to Z without case takes four letters that are not ASCII, and a domain's
    compatibility characters lead to the plain domain.
    """
    mailbox = email.rpartition("@")[0]
    return mailbox.isascii() and unicodedata.normalize("NFKC", email) == email


def create_user(
    *, email: str, password: str, role: str = User.Role.MEMBER, first_name: str, last_name: str
) -> User:
    """Add a person to the tenant. Raises ValidationFailed, EmailTaken."""
    names = {"first_name": first_name, "last_name": last_name}
    return add_user(new_user(email=email, password=password, role=role, **names))


def new_user(*, email: str, password: str, role: str, first_name: str, last_name: str) -> User:
    """Return a person who is not saved yet, with the password hashed. Raises ValidationFailed."""
    user = User(
        email=normalised_email(email), role=role, first_name=first_name, last_name=last_name
    )
    require_sound(user)
    user.password = checked_password(password, user)
    return user


def add_user(user: User) -> User:
    """Save a new person whose password is hashed already. Raises EmailTaken."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as exc:
        raise EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)]) from exc
    return user


def register(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> Opened:
    """Let a person join the tenant, as what the invitation says if there is one; log them in.

    The password is hashed before anything is locked. Raises RegistrationClosed, EmailTaken.
    """
    admission = admission_of(normalised_email(email), invitation)
    user = new_user(
        email=email,
        password=password,
        role=admission.role,
        first_name=first_name,
        last_name=last_name,
    )
    user.email_verified_at = admission.verified_at
    with transaction.atomic():
        use_up(admission, actor=actor_of(user))
        add_user(user)
        record("user.registered", actor=actor_of(user), target=target_of(user), role=user.role)
        if user.email_verified_at is None:
            ask_to_verify(user)
        return open_session(user)


def log_in(*, email: str, password: str, code: str = "") -> Opened:
    """Open a session for the right address and password, and code of who has a second factor.

    An unknown address, a wrong password and an inactive person get the same InvalidCredentials
    after the same work, and nobody learns without the password who has a second factor. Raises
    SecondFactorRequired, and what ``require_code`` raises.
    """
    user = person_with_email(normalised_email(email))
    fits = password_fits(user, password)
    if user is None or not fits or not user.is_active:
        _record_failure(email, user)
        raise InvalidCredentials
    try:
        factor = require_code(user, code)
    except InvalidCredentials:
        _record_failure(email, user, at="second_factor")
        raise
    with transaction.atomic():
        return _opened(user, password, factor)


def _opened(user: User, password: str, factor: str) -> Opened:
    """Open the session unless the password was changed, or the person put out, a moment ago."""
    opened = open_session(user)
    locked = opened.user
    if not still_fits(locked, user, password):
        raise InvalidCredentials
    if locked.second_factor_at != user.second_factor_at:  # added or removed a moment ago
        raise InvalidCredentials
    target = Target("session", str(opened.session.id), locked.email)
    record("session.started", actor=actor_of(locked), target=target, factor=factor)
    return opened


def _record_failure(email: str, user: User | None, **details: str) -> None:
    target = target_of(user) if user else Target("user", "", normalised_email(email))
    record("session.refused", actor=ANONYMOUS, target=target, **details)


def log_out(session: Session, *, actor: User) -> None:
    """End one session; ending it again changes nothing."""
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        if locked.ended_at is None:
            end(locked, Session.End.LOGOUT, actor=actor_of(actor))


def update_profile(user: User, *, changes: dict[str, str], check: Callable[[User], None]) -> User:
    """Change a person's own names. ``check`` sees the locked row first and may raise."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        check(locked)
        changed = sorted(name for name in changes if getattr(locked, name) != changes[name])
        for name in changed:
            setattr(locked, name, changes[name])
        if changed:
            locked.save(update_fields=[*changed, "updated_at"])
            record("user.updated", actor=actor_of(user), target=target_of(locked), fields=changed)
        return locked
