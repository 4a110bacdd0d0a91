"""Second factors at rest: an app's secret is sealed, recovery codes are kept as keyed hashes.

Whose they are, and what goes on record, is for the rooms that have people: those of tenants in
accounts/factors/, staff in staff/second_factor.py. ``info`` is what something was sealed or hashed
for (core/crypto/encryption.py).
"""

import logging

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from uuid6 import uuid7

from core.crypto.encryption import (
    DecryptionError,
    decrypt,
    encrypt,
    keyed_hashes,
    uses_current_pepper,
)
from core.crypto.one_time_codes import matching_step, new_recovery_codes, normalize_recovery_code
from core.problems import InvalidCredentials
from core.rate_limits.limits import RateLimitUse, consume_all, refund

log = logging.getLogger(__name__)


class AbstractAuthenticator(models.Model):
    """An app that shows one-time codes (RFC 6238). It counts once a first code has confirmed it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sealed_secret = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    # The time step of the last code that was taken; each code is good once (RFC 6238 section 5.2).
    last_step = models.BigIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class AbstractRecoveryCode(models.Model):
    """Opens the door once when the app is lost. Only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


Authenticators = QuerySet[AbstractAuthenticator]
RecoveryCodes = QuerySet[AbstractRecoveryCode]


def consume_totp_code(
    apps: Authenticators, code: str, *, info: str, counted: tuple[str, str]
) -> None:
    """Use up a code of somebody's app, if ``apps`` has one. Raises InvalidCredentials.

    A wrong one counts for whom ``counted`` names, whatever address it comes from. Raises
    RateLimited.
    """
    use = RateLimitUse("second_factor", counted, quiet=True)
    consume_all(use)  # before it is looked at: of guesses at once, not all find room
    if not _consume_step(apps, code, info):
        raise InvalidCredentials
    refund(cleared=[use])


def _consume_step(apps: Authenticators, code: str, info: str) -> bool:
    """Take the step of a code under a lock: of requests with the same code, one gets it."""
    with transaction.atomic():
        row = apps.select_for_update().first()
        secret = decrypted_secret(row, info) if row else ""
        step = matching_step(secret, code, after=row.last_step) if row and secret else None
        if row is None or step is None:
            return False
        row.last_step = step
        if not uses_current_pepper(row.sealed_secret):
            row.sealed_secret = encrypt(info, secret)
        row.save(update_fields=["last_step", "sealed_secret"])
        return True


def decrypted_secret(row: AbstractAuthenticator, info: str) -> str:
    """Return the secret in base 32; empty if its pepper is gone, which no code then fits."""
    try:
        return decrypt(info, row.sealed_secret)
    except DecryptionError:
        extra = {"model": row._meta.label, "authenticator": str(row.id)}
        log.error("second_factor_unreadable", extra=extra)
        return ""


def unused_codes(codes: RecoveryCodes) -> RecoveryCodes:
    """Return those of somebody's recovery codes that are still good."""
    return codes.filter(used_at__isnull=True)


def consume_recovery_code(codes: RecoveryCodes, code: str, *, info: str) -> int:
    """Use up one of somebody's recovery codes; return how many are left.

    Raises InvalidCredentials.
    """
    fitting = unused_codes(codes).filter(hash__in=keyed_hashes(info, normalize_recovery_code(code)))
    if not fitting.update(used_at=timezone.now()):
        raise InvalidCredentials
    return unused_codes(codes).count()


def replace_recovery_codes(
    kept: type[AbstractRecoveryCode], info: str, **whose: models.Model
) -> list[str]:
    """Give somebody new recovery codes in place of the former; return them, to be shown once.

    Call inside a transaction.
    """
    codes, rows = new_recovery_codes(), kept._default_manager
    rows.filter(**whose).delete()
    rows.bulk_create(
        kept(hash=keyed_hashes(info, normalize_recovery_code(code))[0], **whose) for code in codes
    )
    return codes
