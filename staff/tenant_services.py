"""What staff does to a tenant in one step: each is one transaction around the tenants' services."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from audit.services import Actor
from core.db_backend.scope import PUBLIC, use_scope
from staff.queries import visible_tenant
from tenants.lifecycle import cancel_deletion
from tenants.models import Tenant
from tenants.refs import TenantRef
from tenants.services import create_tenant, lock_tenant, resume_tenant, update_limits, update_tenant
from tenants.subdomains import rename_subdomain

TenantCheck = Callable[[Tenant], None]


def create_tenant_with_owner(
    *, name: str, subdomain: str, registration: str, owner_email: str, actor: Actor
) -> tuple[Tenant, str]:
    """Create a tenant, with an owner if an address is given; return it and the owner's password.

    Raises ValidationFailed, SubdomainTaken.
    """
    with use_scope(PUBLIC), transaction.atomic():
        ref = create_tenant(name=name, subdomain=subdomain, registration=registration, actor=actor)
        password = create_owner(ref, email=owner_email, actor=actor) if owner_email else ""
        return visible_tenant(ref.id), password


def apply_to_tenant(
    tenant_id: uuid.UUID, act: Callable[[uuid.UUID], Any], check: TenantCheck
) -> Tenant:
    """Run a service on a tenant that ``check`` has seen locked; return the tenant as it then is.

    Raises TenantNotFound, what ``check`` raises and what the service raises.
    """
    with use_scope(PUBLIC), transaction.atomic():
        lock_tenant(tenant_id)
        check(visible_tenant(tenant_id))
        act(tenant_id)
        return visible_tenant(tenant_id)


def change_tenant(tenant_id: uuid.UUID, changes: dict[str, Any], *, actor: Actor) -> None:
    """Change what is named of ``name``, ``registration``, ``limits`` and ``subdomain``.

    ``redirect_days`` is how long the former subdomain leads to the new one. Raises
    ValidationFailed, SubdomainTaken.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        name = changes.get("name", tenant.name)
        registration = changes.get("registration", tenant.registration)
        update_tenant(tenant_id, name=name, registration=registration, actor=actor)
        update_limits(tenant_id, limits=changes.get("limits", {}), actor=actor)
        if "subdomain" in changes:
            days = changes.get("redirect_days")
            rename_subdomain(
                tenant_id, subdomain=changes["subdomain"], redirect_days=days, actor=actor
            )


def resume_and_cancel_deletion(tenant_id: uuid.UUID, *, actor: Actor) -> None:
    """Serve a tenant that staff took off the air: suspended, to be deleted, or both."""
    with use_scope(PUBLIC), transaction.atomic():
        cancel_deletion(tenant_id, actor=actor)
        resume_tenant(tenant_id, actor=actor)


# Asking for the owner of a workspace that staff opens.
#
# Staff knows nothing of the people of tenants; ``settings.TENANT_OWNER_FACTORY`` names who does.


class OwnerFactory(Protocol):
    """Adds the owner of a tenant and returns the password that was made up for them."""

    def __call__(self, tenant: TenantRef, *, email: str, actor: Actor) -> str: ...


def create_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Add the owner and return their password. Raises what the configured maker raises."""
    maker = cast("OwnerFactory", import_string(settings.TENANT_OWNER_FACTORY))
    return maker(tenant, email=email, actor=actor)
