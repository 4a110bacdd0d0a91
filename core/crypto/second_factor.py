"""Second factors: consuming TOTP and recovery codes.

The apps own the rows and record the audit events: accounts/second_factors.py for users of tenants,
staff/second_factor.py for staff. ``info`` is the purpose of an encryption or hash
(core/crypto/encryption.py).
"""

import logging

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.crypto.encryption import (
    DecryptionError,
    decrypt,
    encrypt,
    keyed_hashes,
    uses_current_pepper,
)
from core.crypto.one_time_codes import matching_step, new_recovery_codes, normalize_recovery_code
from core.crypto.second_factor_models import AbstractAuthenticator, AbstractRecoveryCode
from core.problems import InvalidCredentials
from core.rate_limits.limits import RateLimitUse, consume_all, refund

log = logging.getLogger(__name__)


Authenticators = QuerySet[AbstractAuthenticator]
RecoveryCodes = QuerySet[AbstractRecoveryCode]


def consume_totp_code(
    apps: Authenticators, code: str, *, info: str, limit_key: tuple[str, str]
) -> None:
    """Consume a TOTP code of the app in ``apps``. Raises: InvalidCredentials, RateLimited.

    A wrong code counts for the account in ``limit_key``, from any address.
    """
    use = RateLimitUse("second_factor", limit_key, quiet=True)
    consume_all(use)  # before the check, so that concurrent guesses are limited too
    if not _consume_step(apps, code, info):
        raise InvalidCredentials
    refund(cleared=[use])


def decrypted_secret(row: AbstractAuthenticator, info: str) -> str:
    """Return the secret in base 32, or an empty string if its pepper is gone."""
    try:
        return decrypt(info, row.sealed_secret)
    except DecryptionError:
        extra = {"model": row._meta.label, "authenticator": str(row.id)}
        log.error("second_factor_unreadable", extra=extra)
        return ""


def unused_codes(codes: RecoveryCodes) -> RecoveryCodes:
    """Return the recovery codes that are not used yet."""
    return codes.filter(used_at__isnull=True)


def consume_recovery_code(codes: RecoveryCodes, code: str, *, info: str) -> int:
    """Consume a recovery code; return how many are left. Raises: InvalidCredentials."""
    matching = unused_codes(codes).filter(
        hash__in=keyed_hashes(info, normalize_recovery_code(code))
    )
    if not matching.update(used_at=timezone.now()):
        raise InvalidCredentials
    return unused_codes(codes).count()


def replace_recovery_codes(
    model: type[AbstractRecoveryCode], info: str, **owner: models.Model
) -> list[str]:
    """Replace all recovery codes of ``owner``; return the new ones, to be shown once.

    Call it inside a transaction.
    """
    codes, rows = new_recovery_codes(), model._default_manager
    rows.filter(**owner).delete()
    rows.bulk_create(
        model(hash=keyed_hashes(info, normalize_recovery_code(code))[0], **owner) for code in codes
    )
    return codes


def _consume_step(apps: Authenticators, code: str, info: str) -> bool:
    """Consume a code's time step under a lock: of concurrent requests, only one succeeds."""
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
