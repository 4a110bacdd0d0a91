"""Credentials after a restore or an import of a tenant's archive.

A restored archive must not bring back what was revoked or used since it was made. Sessions end with
the tenant's key (accounts/signals.py). API keys, recovery codes, invitations, e-mail tokens and
queued e-mails are not signed by that key and are voided here.
"""

from django.db import transaction
from django.utils import timezone

from accounts.api_keys import revoke_all_api_keys
from accounts.models import Invitation, Letter, MailLink, RecoveryCode, User
from accounts.users.queries import user_target
from audit.services import Actor, record


def revoke_outstanding_credentials(*, actor: Actor) -> None:
    """Void all API keys, recovery codes, invitations, e-mail tokens and queued e-mails.

    Second factors stay as in the archive, like passwords. Which recovery codes were used since
    cannot be known, so all are void.
    """
    now = timezone.now()
    with transaction.atomic():
        revoke_all_api_keys(actor=actor, cause="restored")
        codes = RecoveryCode.objects.filter(used_at=None).update(used_at=now)
        record("recovery_codes.voided", actor=actor, cause="restored", count=codes)
        Invitation.objects.filter(revoked_at=None).update(revoked_at=now)
        MailLink.objects.filter(used_at=None).update(used_at=now)
        Letter.objects.all().delete()


def reset_all_second_factors(*, actor: Actor) -> None:
    """Remove the second factor of every user of the current tenant, which was created by an import.

    The secrets were encrypted for another tenant and cannot be decrypted. Otherwise no user with a
    second factor could log in.
    """
    with transaction.atomic():
        for user in User.objects.exclude(second_factor_at=None).order_by("pk"):
            User.objects.filter(pk=user.pk).update(second_factor_at=None)
            record("factor.removed", actor=actor, target=user_target(user), why="imported")
