"""Asking for the second factor: a one-time code of the person's app, or a recovery code.

A wrong app code is counted for the person whatever address it comes from, because a million codes
can be tried where a password cannot; docs/security.md computes the odds. Recovery codes are too
long to guess and are not counted, so that somebody who knows the password can use up the attempts
of its owner, yet not shut them out.
"""

import logging

from django.db import transaction
from django.utils import timezone

from accounts.mail.outbox import post_letter
from accounts.models import Authenticator, RecoveryCode, User
from accounts.problems import InvalidCredentials, SecondFactorRequired
from accounts.sealing import Unreadable, is_current, keyed_hashes, seal, unseal
from accounts.sessions.services import actor_of
from audit.services import Target, record
from core.limits import Use, settle, take_all
from core.one_time import is_app_code, plain, step_of, tidy
from tenants.context import current_tenant

SECRET, RECOVERY = "totp-secret", "recovery-code"
log = logging.getLogger(__name__)


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
    use = Use("second_factor", (str(current_tenant().id), str(user.id)), quiet=True)
    take_all(use)  # before it is looked at: of guesses at once, not all find room
    if not _used_app_code(user, code, confirmed=confirmed):
        raise InvalidCredentials
    settle(cleared=[use])


def _used_app_code(user: User, code: str, *, confirmed: bool) -> bool:
    """Take the step of a code under a lock: of requests with the same code, one gets it."""
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().filter(user=user)
        row = rows.filter(confirmed_at__isnull=not confirmed).first()
        secret = secret_of(row) if row else ""
        step = step_of(secret, code, after=row.last_step) if row and secret else None
        if row is None or step is None:
            return False
        row.last_step = step
        if not is_current(row.sealed_secret):
            row.sealed_secret = seal(SECRET, secret)
        row.save(update_fields=["last_step", "sealed_secret"])
        return True


def secret_of(row: Authenticator) -> str:
    """Return the secret in base 32; empty if its pepper is gone, which no code then fits."""
    try:
        return unseal(SECRET, row.sealed_secret)
    except Unreadable:
        log.error("second_factor_unreadable", extra={"authenticator": str(row.id)})
        return ""


def use_recovery_code(user: User, code: str) -> None:
    """Use up a recovery code; the person gets a letter. Raises InvalidCredentials."""
    hashes = keyed_hashes(RECOVERY, plain(code))
    with transaction.atomic():
        unused = RecoveryCode.objects.filter(user=user, used_at__isnull=True)
        if not unused.filter(hash__in=hashes).update(used_at=timezone.now()):
            raise InvalidCredentials
        left = unused.count()
        target = Target("user", str(user.id), user.email)
        record("recovery_code.used", actor=actor_of(user), target=target, left=left)
        post_letter("second_factor", to=user.email, user=str(user.id), what="used", left=left)
