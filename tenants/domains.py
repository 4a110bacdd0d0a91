"""The names of a tenant beside the one it was created with: more subdomains, custom domains."""

import ipaddress
import uuid

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import Actor, record
from core.database.scope import PUBLIC, enter
from core.problems import FieldError, ValidationFailed
from tenants import slugs
from tenants.hosts import HOST_NAME
from tenants.models import Domain
from tenants.problems import DomainTaken, PrimaryDomain
from tenants.routing import forget
from tenants.services import locked_tenant, target_of

LONGEST_LABEL = 63  # RFC 1035 section 2.3.4


def checked_domain(text: str, *, field: str = "domain") -> str:
    """Return the stored form of a name: a subdomain label, or with a dot a custom host name.

    Raises ValidationFailed that names ``field``.
    """
    name = text.strip().lower().rstrip(".")
    if "." not in name:
        return slugs.checked(name, field=field)
    if not _is_host_name(name):
        fault = FieldError(field, "invalid_domain", "This is not a domain name.")
    elif name == settings.BASE_DOMAIN or name.endswith(f".{settings.BASE_DOMAIN}"):
        fault = FieldError(field, "invalid_domain", "Give the subdomain without the rest.")
    else:
        return name
    raise ValidationFailed(errors=[fault])


def _is_host_name(name: str) -> bool:
    labels = name.split(".")
    fits = all(0 < len(x) <= LONGEST_LABEL and x[0] != "-" and x[-1] != "-" for x in labels)
    return bool(fits and HOST_NAME.fullmatch(name)) and not _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdecimal()
    return True


def is_free(name: str) -> bool:
    """Tell whether no tenant has this name now."""
    return not Domain.objects.filter(domain=name).exists()


def add_domain(tenant_id: uuid.UUID, *, name: str, verified: bool, actor: Actor) -> Domain:
    """Let the tenant be reached by one more name; a custom domain answers once it is verified.

    Raises ValidationFailed, TenantNotFound and DomainTaken.
    """
    checked = checked_domain(name)
    kind = Domain.Kind.CUSTOM if "." in checked else Domain.Kind.SUBDOMAIN
    with enter(PUBLIC), transaction.atomic():
        tenant = locked_tenant(tenant_id)
        domain = Domain(tenant=tenant, domain=checked, kind=kind, is_primary=False)
        domain.verified_at = timezone.now() if verified and kind == Domain.Kind.CUSTOM else None
        _save(domain)
        record("tenant.domain_added", actor=actor, target=target_of(tenant), domain=checked)
        forget(tenant)
        return domain


def _save(domain: Domain) -> None:
    try:
        with transaction.atomic():
            domain.save(force_insert=True)
    except IntegrityError as exc:
        raise DomainTaken(errors=[FieldError("domain", "taken", DomainTaken.title)]) from exc


def set_verified(domain_id: uuid.UUID, *, verified: bool, actor: Actor) -> None:
    """Serve a custom domain, or stop serving it."""
    with enter(PUBLIC), transaction.atomic():
        domain = Domain.objects.select_for_update().get(pk=domain_id, kind=Domain.Kind.CUSTOM)
        if bool(domain.verified_at) == verified:
            return
        domain.verified_at = timezone.now() if verified else None
        domain.save(update_fields=["verified_at"])
        action = "tenant.domain_verified" if verified else "tenant.domain_unverified"
        record(action, actor=actor, target=target_of(domain.tenant), domain=domain.domain)
        forget(domain.tenant)


def remove_domain(domain_id: uuid.UUID, *, actor: Actor) -> None:
    """Take a name from its tenant. Raises PrimaryDomain for the one that it is known by."""
    with enter(PUBLIC), transaction.atomic():
        domain = Domain.objects.select_for_update().select_related("tenant").get(pk=domain_id)
        if domain.is_primary:
            raise PrimaryDomain
        record(
            "tenant.domain_removed",
            actor=actor,
            target=target_of(domain.tenant),
            domain=domain.domain,
        )
        domain.delete()
        forget(domain.tenant, also=(domain.domain,))
