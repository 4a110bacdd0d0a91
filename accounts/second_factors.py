"""Asking for the second factor: a one-time code of the person's app, or a recovery code.

A wrong app code is counted for the person whatever address it comes from, because a million codes
can be tried where a password cannot; docs/security.md computes the odds. Recovery codes are too
long to guess and are not counted, so that somebody who knows the password can use up the attempts
of its owner, yet not shut them out.
"""

from django.db import transaction

from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_email
from accounts.encryption import key_info
from accounts.models import Authenticator, RecoveryCode, User
from accounts.problems import SecondFactorRequired
from audit.services import record
from core.crypto import second_factor
from core.crypto.one_time_codes import is_totp_code, normalize_code
from tenants.context import current_tenant

TOTP_SECRET_PURPOSE, RECOVERY_CODE_PURPOSE = "totp-secret", "recovery-code"


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
