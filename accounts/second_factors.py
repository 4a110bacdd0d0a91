"""Second factors: enrolment of a TOTP app, recovery codes, verification of codes, removal.

Wrong TOTP codes are counted per user, whatever the client address, because a million codes can be
tried where a password cannot; docs/security.md computes the odds. Recovery codes are too long to
guess and are not counted. So an attacker who knows the password can exhaust the user's TOTP
attempts, but cannot lock the user out.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.email.outbox import enqueue_email
from accounts.encryption import decrypt, encrypt, key_info, keyed_hashes
from accounts.models import Authenticator, RecoveryCode, Session, User
from accounts.problems import FactorExists, FactorMissing, InvalidCredentials, SecondFactorRequired
from accounts.sessions.services import end_other_sessions
from accounts.users.ownership import lock_owners, locked_actor, locked_user
from accounts.users.permissions import check_permission
from accounts.users.queries import user_actor, user_target
from audit.services import Actor, Target, record
from core.crypto import second_factor
from core.crypto.one_time_codes import (
    is_totp_code,
    new_totp_secret,
    normalize_code,
    normalize_recovery_code,
    otpauth_uri,
)
from core.crypto.second_factor import replace_recovery_codes, unused_codes
from core.problems import FieldError, NotFound, ValidationFailed
from tenants.context import current_tenant

TOTP_SECRET_PURPOSE, RECOVERY_CODE_PURPOSE = "totp-secret", "recovery-code"
Check = Callable[[Authenticator], None]


@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """An unconfirmed factor with the secret for the app, which is shown once."""

    factor: Authenticator
    secret: str
    uri: str


def require_second_factor(user: User, code: str) -> str:
    """Check the second factor after the password matched; return its kind.

    Returns "" for a user without a second factor.

    Raises: SecondFactorRequired without a code; InvalidCredentials for a wrong or used code;
    RateLimited after too many wrong TOTP codes.
    """
    if user.second_factor_at is None:
        return ""
    if not normalize_code(code):
        raise SecondFactorRequired
    if not is_totp_code(normalize_code(code)):
        consume_recovery_code(user, code)
        return "recovery_code"
    consume_totp_code(user, normalize_code(code))
    return "totp"


def consume_totp_code(user: User, code: str, *, confirmed: bool = True) -> None:
    """Use up a code of the user's app. Raises: InvalidCredentials, RateLimited."""
    apps = Authenticator.objects.filter(user=user, confirmed_at__isnull=not confirmed)
    counted = (str(current_tenant().id), str(user.id))
    second_factor.consume_totp_code(
        apps, code, info=key_info(TOTP_SECRET_PURPOSE), limit_key=counted
    )


def consume_recovery_code(user: User, code: str) -> None:
    """Use up a recovery code and notify the user by e-mail. Raises: InvalidCredentials."""
    codes = RecoveryCode.objects.filter(user=user)
    with transaction.atomic():
        left = second_factor.consume_recovery_code(
            codes, code, info=key_info(RECOVERY_CODE_PURPOSE)
        )
        record("recovery_code.used", actor=user_actor(user), target=user_target(user), left=left)
        enqueue_email("second_factor", to=user.email, user=str(user.id), what="used", left=left)


def list_second_factors(user: User) -> list[Authenticator]:
    """Return the user's second factors."""
    return list(Authenticator.objects.filter(user=user))


def get_second_factor(user: User, factor_id: uuid.UUID) -> Authenticator:
    """Return one factor of the user. Raises: NotFound."""
    found = Authenticator.objects.filter(user=user, pk=factor_id).first()
    if found is None:
        raise NotFound
    return found


def recovery_codes_left(user: User) -> int:
    """Return the number of unused recovery codes."""
    return unused_codes(RecoveryCode.objects.filter(user=user)).count()


def start_totp_enrolment(user: User) -> TotpEnrolment:
    """Create a secret for an app, replacing an unconfirmed one. Raises: FactorExists."""
    secret = new_totp_secret()
    with transaction.atomic():
        _lock_user(user)
        rows = Authenticator.objects.filter(user=user)
        if rows.filter(confirmed_at__isnull=False).exists():
            raise FactorExists
        rows.delete()
        row = Authenticator.objects.create(
            user=user, sealed_secret=encrypt(TOTP_SECRET_PURPOSE, secret)
        )
        record(
            "factor.begun",
            actor=user_actor(user),
            target=_second_factor_target(row, user),
            type="totp",
        )
    return TotpEnrolment(row, secret, _uri(user, secret))


def pending_enrolment(user: User) -> TotpEnrolment | None:
    """Return the unconfirmed factor with its secret, for a page that shows it again; or None.

    The secret is of no use before one of its codes is confirmed.
    """
    row = Authenticator.objects.filter(user=user, confirmed_at=None).first()
    if row is None:
        return None
    secret = decrypt(TOTP_SECRET_PURPOSE, row.sealed_secret)
    return TotpEnrolment(row, secret, _uri(user, secret))


def _uri(user: User, secret: str) -> str:
    return otpauth_uri(secret, issuer=current_tenant().name, account=user.email)


def confirm_enrolment(
    session: Session, factor_id: uuid.UUID, code: str
) -> tuple[Authenticator, list[str]]:
    """Confirm a factor with its first code; return it with the recovery codes.

    Other sessions of the user end, because they were opened with the password alone.

    Raises: NotFound, FactorExists, ValidationFailed for a wrong code, RateLimited.
    """
    user = session.user
    with transaction.atomic():
        _lock_user(user)
        row = get_second_factor(user, factor_id)
        if row.confirmed_at is not None:
            raise FactorExists
        _require_first_code(user, code)
        row.confirmed_at = timezone.now()
        row.save(update_fields=["confirmed_at"])
        User.objects.filter(pk=user.pk).update(second_factor_at=row.confirmed_at)
        codes = replace_recovery_codes(RecoveryCode, key_info(RECOVERY_CODE_PURPOSE), user=user)
        end_other_sessions(session, Session.End.REVOKED, actor=user_actor(user))
        record(
            "factor.added",
            actor=user_actor(user),
            target=_second_factor_target(row, user),
            type="totp",
        )
        _notify_user(user, "added")
    return row, codes


def _require_first_code(user: User, code: str) -> None:
    try:
        consume_totp_code(user, normalize_code(code), confirmed=False)
    except InvalidCredentials as exc:
        error = FieldError("code", "invalid", "This is not the code that the app shows now.")
        raise ValidationFailed(errors=[error]) from exc


def renew_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes and return the new ones. Raises: FactorMissing."""
    with transaction.atomic():
        _lock_user(user)
        if not Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists():
            raise FactorMissing
        codes = replace_recovery_codes(RecoveryCode, key_info(RECOVERY_CODE_PURPOSE), user=user)
        record("recovery_codes.renewed", actor=user_actor(user), target=user_target(user))
        _notify_user(user, "renewed")
    return codes


def require_unconfirmed(user: User, factor_id: uuid.UUID) -> None:
    """Check that a factor's secret may be shown again. Raises: NotFound once confirmed."""
    if get_second_factor(user, factor_id).confirmed_at is not None:
        raise NotFound


def require_current_codes(user: User, codes: list[str]) -> None:
    """Check that recovery codes that were shown are still valid. Raises: NotFound."""
    hashes = keyed_hashes(RECOVERY_CODE_PURPOSE, normalize_recovery_code(codes[0]))
    if not RecoveryCode.objects.filter(user=user, hash__in=hashes).exists():
        raise NotFound


def remove_second_factor(user: User, factor_id: uuid.UUID, *, check: Check) -> None:
    """Remove a factor and the recovery codes. ``check`` gets the row first and may raise.

    Raises: NotFound.
    """
    with transaction.atomic():
        _lock_user(user)
        row = get_second_factor(user, factor_id)
        check(row)
        _remove(row, user, actor=user_actor(user))


def remove_all_second_factors(user: User, *, actor: Actor) -> None:
    """Remove every factor of a user. Without one nothing changes."""
    with transaction.atomic():
        _lock_user(user)
        for row in list_second_factors(user):
            _remove(row, user, actor=actor)


def _remove(row: Authenticator, user: User, *, actor: Actor) -> None:
    was_confirmed = row.confirmed_at is not None
    record(
        "factor.removed",
        actor=actor,
        target=_second_factor_target(row, user),
        confirmed=was_confirmed,
    )
    row.delete()
    if was_confirmed:
        RecoveryCode.objects.filter(user=user).delete()
        User.objects.filter(pk=user.pk).update(second_factor_at=None)
        _notify_user(user, "removed")


def _lock_user(user: User) -> None:
    """Serialise changes of a user's factors."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def _notify_user(user: User, what: str) -> None:
    enqueue_email("second_factor", to=user.email, user=str(user.id), what=what)


def _second_factor_target(row: Authenticator, user: User) -> Target:
    return Target("factor", str(row.id), user.email)


def reset_second_factors(user_id: uuid.UUID, *, by: User) -> None:
    """Remove every factor of a user who has lost it, as an owner. Without one nothing changes.

    Raises: NotFound, PermissionRefused, ProofRequired.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        actor, user = locked_actor(locked, by), locked_user(locked, user_id)
        check_permission("reset_factors", actor, user)
        remove_all_second_factors(user, actor=user_actor(actor))
