"""What must not come back to life with an archive of the tenant that was made before it ended.

Sessions end with the tenant's key (accounts/signals.py). What is here was not signed by it: keys
that were revoked since, recovery codes, invitations and links that were used since, letters that
went out.
"""

from django.db import transaction
from django.utils import timezone

from accounts.actors import user_target
from accounts.api_keys import revoke_all_api_keys
from accounts.models import Invitation, Letter, MailLink, RecoveryCode, User
from audit.services import Actor, record


def revoke_outstanding_credentials(*, actor: Actor) -> None:
    """Void keys, recovery codes, invitations, links and letters.

    Second factors stay as the archive has them, as passwords do; which of the codes were used up
    since, nobody can tell. Run it in the tenant that was restored.
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
    """Take second factors from everybody: they were sealed for another tenant, and open nothing.

    Left as they were, nobody who had one could ever log in. Run it in the tenant that was made.
    """
    with transaction.atomic():
        for person in User.objects.exclude(second_factor_at=None).order_by("pk"):
            User.objects.filter(pk=person.pk).update(second_factor_at=None)
            record("factor.removed", actor=actor, target=user_target(person), why="imported")
