"""Asking for the second factor: a one-time code of the person's app, or a recovery code.

A wrong app code is counted for the person whatever address it comes from, because a million codes
can be tried where a password cannot; docs/security.md computes the odds. Recovery codes are too
long to guess and are not counted, so that somebody who knows the password can use up the attempts
of its owner, yet not shut them out.
"""

from django.db import transaction

from accounts.actors import actor_of, target_of
from accounts.email.outbox import post_letter
from accounts.encryption import info_of
from accounts.models import Authenticator, RecoveryCode, User
from accounts.problems import SecondFactorRequired
from audit.services import record
from core.crypto import second_factor
from core.crypto.one_time_codes import is_app_code, tidy
from tenants.context import current_tenant

SECRET, RECOVERY = "totp-secret", "recovery-code"


def require_code(user: User, code: str) -> str:
    """Check the second factor of a person whose password fitted; return which kind it was.

    Empty for who has none. Raises SecondFactorRequired without a code, InvalidCredentials for a
    wrong or used one, and RateLimited when the person's app codes were guessed at too often.
    """
    if user.second_factor_at is None:
        return ""
    if not tidy(code):
        raise SecondFactorRequired
    if not is_app_code(tidy(code)):
        use_recovery_code(user, code)
        return "recovery_code"
    require_app_code(user, tidy(code))
    return "totp"


def require_app_code(user: User, code: str, *, confirmed: bool = True) -> None:
    """Use up a code of the person's app. Raises InvalidCredentials and RateLimited."""
    apps = Authenticator.objects.filter(user=user, confirmed_at__isnull=not confirmed)
    counted = (str(current_tenant().id), str(user.id))
    second_factor.use_app_code(apps, code, info=info_of(SECRET), counted=counted)


def use_recovery_code(user: User, code: str) -> None:
    """Use up a recovery code; the person gets a letter. Raises InvalidCredentials."""
    codes = RecoveryCode.objects.filter(user=user)
    with transaction.atomic():
        left = second_factor.use_recovery_code(codes, code, info=info_of(RECOVERY))
        record("recovery_code.used", actor=actor_of(user), target=target_of(user), left=left)
        post_letter("second_factor", to=user.email, user=str(user.id), what="used", left=left)
