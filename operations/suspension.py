"""What a suspension stops: counted before it begins, in the tenant's own schema."""

from dataclasses import dataclass

from django.utils import timezone

from accounts.models import ApiKey, Letter, Session
from accounts.sessions.expiry import active_sessions_q
from files.models import Upload
from files.shares.access import active_shares
from tenants.context import TenantRef, tenant_context


@dataclass(frozen=True, slots=True)
class SuspensionEffects:
    """What works in a tenant now and is refused, or waits, while it is suspended."""

    sessions: int
    api_keys: int
    shares: int
    uploads: int
    emails: int


def suspension_effects(tenant: TenantRef) -> SuspensionEffects:
    """Count what a suspension of the tenant stops.

    Nothing of it ends: a session is valid again after the suspension, unless it has expired since.
    """
    now = timezone.now()
    with tenant_context(tenant):
        keys = [key for key in ApiKey.objects.filter(revoked_at=None) if key.is_valid_at(now)]
        return SuspensionEffects(
            sessions=Session.objects.filter(active_sessions_q(now)).count(),
            api_keys=len(keys),
            shares=active_shares().count(),
            uploads=Upload.objects.filter(state=Upload.State.PENDING).count(),
            emails=Letter.objects.count(),
        )
