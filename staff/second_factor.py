"""The second factor of staff users: TOTP codes and recovery codes.

Not django-otp's models, which store secrets in plain text.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.services import ANONYMOUS, Actor, record
from core.crypto.encryption import encrypt
from core.crypto.one_time_codes import is_totp_code, new_totp_secret, normalize_code
from core.crypto.second_factor import (
    consume_recovery_code,
    consume_totp_code,
    decrypted_secret,
    replace_recovery_codes,
    unused_codes,
)
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import InvalidCredentials, SecondFactorRequired
from staff.actors import actor_of, target_of
from staff.models import StaffAuthenticator, StaffRecoveryCode, StaffUser
from staff.problems import StaffFactorMissing

SECRET, RECOVERY = "aggios:staff-totp-secret", "aggios:staff-recovery-code"


def must_enrol(staff: StaffUser) -> bool:
    """Tell whether the user must add a second factor first."""
    return settings.STAFF_SECOND_FACTOR == "required" and staff.second_factor_at is None


def require_enrolled(staff: StaffUser) -> None:
    """Raise StaffFactorMissing if the user must add a second factor first."""
    if must_enrol(staff):
        raise StaffFactorMissing


def require_code(staff: StaffUser, code: str) -> None:
    """Consume a code of a user whose password is correct; without a factor do nothing.

    Raises:
        SecondFactorRequired: the code is empty.
        InvalidCredentials: the code is wrong or used; that is recorded.
        RateLimited: too many wrong codes.
    """
    if staff.second_factor_at is None:
        return
    if not normalize_code(code):
        raise SecondFactorRequired
    try:
        _consume_code(staff, normalize_code(code))
    except InvalidCredentials:
        target = target_of(staff)
        record("staff.login_refused", actor=ANONYMOUS, target=target, at="second_factor")
        raise


def _consume_code(staff: StaffUser, code: str) -> None:
    if is_totp_code(code):
        _consume_totp_code(staff, code, confirmed=True)
    else:
        _consume_recovery_code(staff, code)


def _consume_totp_code(staff: StaffUser, code: str, *, confirmed: bool) -> None:
    with use_scope(PUBLIC):
        apps = StaffAuthenticator.objects.filter(staff=staff, confirmed_at__isnull=not confirmed)
        consume_totp_code(apps, code, info=SECRET, limit_key=("staff", str(staff.pk)))


def _consume_recovery_code(staff: StaffUser, code: str) -> None:
    with use_scope(PUBLIC), transaction.atomic():
        codes = StaffRecoveryCode.objects.filter(staff=staff)
        left = consume_recovery_code(codes, code, info=RECOVERY)
        record(
            "staff.recovery_code_used", actor=actor_of(staff), target=target_of(staff), left=left
        )


def recovery_codes_left(staff: StaffUser) -> int:
    """Return the number of unused recovery codes."""
    return unused_codes(StaffRecoveryCode.objects.filter(staff=staff)).count()


def start_enrolment(staff: StaffUser) -> None:
    """Create an unconfirmed secret; if a factor is confirmed, do nothing."""
    with use_scope(PUBLIC), transaction.atomic():
        if _locked(staff).second_factor_at is not None:
            return
        StaffAuthenticator.objects.filter(staff=staff).delete()
        StaffAuthenticator.objects.create(
            staff=staff, sealed_secret=encrypt(SECRET, new_totp_secret())
        )


def unconfirmed_secret(staff: StaffUser) -> str:
    """Return the unconfirmed secret in base 32, or an empty string."""
    row = StaffAuthenticator.objects.filter(staff=staff, confirmed_at__isnull=True).first()
    return decrypted_secret(row, SECRET) if row else ""


def confirm_factor(staff: StaffUser, code: str) -> list[str]:
    """Activate the unconfirmed factor and return its recovery codes.

    Log-ins without the factor end: tokens are revoked, and sessions of the admin no longer match
    their hash. Raises: InvalidCredentials, RateLimited.
    """
    with use_scope(PUBLIC), transaction.atomic():
        _locked(staff)
        _consume_totp_code(staff, normalize_code(code), confirmed=False)
        now = timezone.now()
        StaffAuthenticator.objects.filter(staff=staff).update(confirmed_at=now)
        StaffUser.objects.filter(pk=staff.pk).update(second_factor_at=now)
        staff.tokens.filter(name="", revoked_at__isnull=True).update(revoked_at=now)
        record("staff.factor_added", actor=actor_of(staff), target=target_of(staff))
        staff.second_factor_at = now
        return replace_recovery_codes(StaffRecoveryCode, RECOVERY, staff=staff)


def renew_recovery_codes(staff: StaffUser, code: str) -> list[str]:
    """Replace the recovery codes and return the new ones. Raises as ``require_code``."""
    require_code(staff, code)
    with use_scope(PUBLIC), transaction.atomic():
        record("staff.recovery_codes_renewed", actor=actor_of(staff), target=target_of(staff))
        return replace_recovery_codes(StaffRecoveryCode, RECOVERY, staff=staff)


def remove_factor(staff: StaffUser, *, actor: Actor, why: str) -> None:
    """Remove the factor and the recovery codes; the user's log-ins end."""
    with use_scope(PUBLIC), transaction.atomic():
        _locked(staff)
        StaffAuthenticator.objects.filter(staff=staff).delete()
        StaffRecoveryCode.objects.filter(staff=staff).delete()
        StaffUser.objects.filter(pk=staff.pk).update(second_factor_at=None)
        active = staff.tokens.filter(name="", revoked_at__isnull=True)
        active.update(revoked_at=timezone.now())
        record("staff.factor_removed", actor=actor, target=target_of(staff), why=why)
        staff.second_factor_at = None


def _locked(staff: StaffUser) -> StaffUser:
    return StaffUser.objects.select_for_update().get(pk=staff.pk)
