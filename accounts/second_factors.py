"""Asking for the second factor: a one-time code of the person's app, or a recovery code.

A wrong app code is counted for the person whatever address it comes from, because a million codes
can be tried where a password cannot; docs/security.md computes the odds. Recovery codes are too
long to guess and are not counted, so that somebody who knows the password can use up the attempts
of its owner, yet not shut them out.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_email
from accounts.encryption import encrypt, key_info, keyed_hashes
from accounts.models import Authenticator, RecoveryCode, Session, User
from accounts.problems import FactorExists, FactorMissing, InvalidCredentials, SecondFactorRequired
from accounts.sessions.services import end_other_sessions
from accounts.users.ownership import lock_owners, locked_actor, locked_user
from accounts.users.permissions import check_permission
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


def require_second_factor(user: User, code: str) -> str:
    """Check the second factor of a person whose password fitted; return which kind it was.

    Empty for who has none. Raises SecondFactorRequired without a code, InvalidCredentials for a
    wrong or used one, and RateLimited when the person's app codes were guessed at too often.
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
    """Use up a code of the person's app. Raises InvalidCredentials and RateLimited."""
    apps = Authenticator.objects.filter(user=user, confirmed_at__isnull=not confirmed)
    counted = (str(current_tenant().id), str(user.id))
    second_factor.consume_totp_code(apps, code, info=key_info(TOTP_SECRET_PURPOSE), counted=counted)


def consume_recovery_code(user: User, code: str) -> None:
    """Use up a recovery code; the person gets a letter. Raises InvalidCredentials."""
    codes = RecoveryCode.objects.filter(user=user)
    with transaction.atomic():
        left = second_factor.consume_recovery_code(
            codes, code, info=key_info(RECOVERY_CODE_PURPOSE)
        )
        record("recovery_code.used", actor=user_actor(user), target=user_target(user), left=left)
        enqueue_email("second_factor", to=user.email, user=str(user.id), what="used", left=left)


# Adding, replacing and removing second factors.
@dataclass(frozen=True, slots=True)
class TotpEnrolment:
    """A factor that waits for its first code, and what the app is to be told, shown once."""

    factor: Authenticator
    secret: str
    uri: str


def list_second_factors(user: User) -> list[Authenticator]:
    """Return the person's second factors."""
    return list(Authenticator.objects.filter(user=user))


def get_second_factor(user: User, factor_id: uuid.UUID) -> Authenticator:
    """Return one factor of the person. Raises NotFound."""
    found = Authenticator.objects.filter(user=user, pk=factor_id).first()
    if found is None:
        raise NotFound
    return found


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes are still good."""
    return unused_codes(RecoveryCode.objects.filter(user=user)).count()


def start_totp_enrolment(user: User) -> TotpEnrolment:
    """Make a secret for an app; one that was not confirmed goes. Raises FactorExists."""
    secret = new_totp_secret()
    uri = otpauth_uri(secret, issuer=current_tenant().name, account=user.email)
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
    return TotpEnrolment(row, secret, uri)


def confirm_enrolment(
    session: Session, factor_id: uuid.UUID, code: str
) -> tuple[Authenticator, list[str]]:
    """Make a factor count once a first code fits; return it with the recovery codes.

    Other sessions of the person, which were opened with the password alone, end. Raises NotFound,
    FactorExists, ValidationFailed for a wrong code, RateLimited.
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
        fault = FieldError("code", "invalid", "This is not the code that the app shows now.")
        raise ValidationFailed(errors=[fault]) from exc


def renew_recovery_codes(user: User) -> list[str]:
    """Return new recovery codes; the former ones open nothing any more. Raises FactorMissing."""
    with transaction.atomic():
        _lock_user(user)
        if not Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists():
            raise FactorMissing
        codes = replace_recovery_codes(RecoveryCode, key_info(RECOVERY_CODE_PURPOSE), user=user)
        record("recovery_codes.renewed", actor=user_actor(user), target=user_target(user))
        _notify_user(user, "renewed")
    return codes


def require_unconfirmed(user: User, factor_id: uuid.UUID) -> None:
    """Check that the secret of a factor may be shown again. Raises NotFound once it counts."""
    if get_second_factor(user, factor_id).confirmed_at is not None:
        raise NotFound


def require_current_codes(user: User, codes: list[str]) -> None:
    """Check that recovery codes that were shown are still the user's. Raises NotFound."""
    hashes = keyed_hashes(RECOVERY_CODE_PURPOSE, normalize_recovery_code(codes[0]))
    if not RecoveryCode.objects.filter(user=user, hash__in=hashes).exists():
        raise NotFound


def remove_second_factor(user: User, factor_id: uuid.UUID, *, check: Check) -> None:
    """Take a factor from its person, with the recovery codes. ``check`` sees it first.

    Raises NotFound and what ``check`` raises.
    """
    with transaction.atomic():
        _lock_user(user)
        row = get_second_factor(user, factor_id)
        check(row)
        _remove(row, user, actor=user_actor(user))


def remove_all_second_factors(user: User, *, actor: Actor) -> None:
    """Take every factor from a person who lost theirs; without any nothing changes."""
    with transaction.atomic():
        _lock_user(user)
        for row in list_second_factors(user):
            _remove(row, user, actor=actor)


def _remove(row: Authenticator, user: User, *, actor: Actor) -> None:
    counted = row.confirmed_at is not None
    record(
        "factor.removed", actor=actor, target=_second_factor_target(row, user), confirmed=counted
    )
    row.delete()
    if counted:
        RecoveryCode.objects.filter(user=user).delete()
        User.objects.filter(pk=user.pk).update(second_factor_at=None)
        _notify_user(user, "removed")


def _lock_user(user: User) -> None:
    """Let one change of a person's factors wait for another."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)


def _notify_user(user: User, what: str) -> None:
    enqueue_email("second_factor", to=user.email, user=str(user.id), what=what)


def _second_factor_target(row: Authenticator, user: User) -> Target:
    return Target("factor", str(row.id), user.email)


# An owner helps somebody who has lost their second factor and the recovery codes.


def reset_second_factors(person_id: uuid.UUID, *, by: User) -> None:
    """Take every second factor from a person; without any nothing changes.

    Raises NotFound, PermissionRefused.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor, person = locked_actor(locked, by), locked_user(locked, person_id)
        check_permission("reset_factors", actor, person)
        remove_all_second_factors(person, actor=user_actor(actor))
