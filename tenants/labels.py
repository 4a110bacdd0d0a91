"""Subdomain labels: each leads to one tenant, also while a former one is still redirected."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.problems import FieldError
from tenants.models import Domain, Tenant
from tenants.problems import SubdomainTaken
from tenants.routing import forget


def claim_label(tenant: Tenant, label: str) -> Domain:
    """Give the tenant a label that nobody has; the first one becomes its primary name.

    Call it in the transaction of the change. Of two claims at once one wins: the other waits on
    the unique index. Raises SubdomainTaken.
    """
    _drop_ended(label)
    domain = Domain(tenant=tenant, domain=label, is_primary=False)
    try:
        with transaction.atomic():
            domain.save(force_insert=True)
    except IntegrityError as exc:
        taken = FieldError("subdomain", "taken", "Somebody has this name already.")
        raise SubdomainTaken(errors=[taken]) from exc
    return domain


def _drop_ended(label: str) -> None:
    """Remove the row of whoever left this name, once its redirect has ended.

    The lock makes PostgreSQL look again at a row that its tenant takes back at the same time.
    """
    ended = Domain.objects.filter(domain=label, redirect_until__lte=timezone.now())
    for domain in ended.select_related("tenant").select_for_update(of=("self",)):
        domain.delete()
        forget(domain.tenant, also=(label,))
