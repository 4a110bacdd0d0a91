"""Subdomain labels: each leads to one tenant, also while a former one is still redirected."""

from django.utils import timezone

from core.db_backend.queries import insert_ignoring_conflict
from core.problems import FieldError
from tenants.models import Domain, Tenant
from tenants.problems import SubdomainTaken
from tenants.routing import invalidate_route


def claim_subdomain(tenant: Tenant, label: str) -> Domain:
    """Give the tenant a label that nobody has; the first one becomes its primary name.

    Call it in the transaction of the change. Of two claims at once one wins: the other waits on
    the unique index. Raises SubdomainTaken.
    """
    _delete_expired_redirect(label)
    is_first = not Domain.objects.filter(tenant=tenant, is_primary=True).exists()
    domain = Domain(tenant=tenant, domain=label, is_primary=is_first)
    if not insert_ignoring_conflict(domain):
        taken = FieldError("subdomain", "taken", "Somebody has this name already.")
        raise SubdomainTaken(errors=[taken])
    return domain


def _delete_expired_redirect(label: str) -> None:
    """Remove the row of whoever left this name, once its redirect has ended.

    The lock makes PostgreSQL look again at a row that its tenant takes back at the same time.
    """
    ended = Domain.objects.filter(domain=label, redirect_until__lte=timezone.now())
    for domain in ended.select_related("tenant").select_for_update(of=("self",)):
        domain.delete()
        invalidate_route(domain.tenant, also=(label,))
