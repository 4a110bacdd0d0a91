"""Changes of a tenant by staff, each in one transaction around the services of ``tenants``."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from audit.services import Actor
from core.db_backend.scope import PUBLIC, use_scope
from staff.queries import visible_tenant
from tenants.context import TenantRef
from tenants.lifecycle import cancel_deletion, resume_tenant
from tenants.models import Tenant
from tenants.queries import lock_tenant
from tenants.services import create_tenant, update_limits, update_tenant
from tenants.subdomains import rename_subdomain

TenantCheck = Callable[[Tenant], None]


class OwnerFactory(Protocol):
    """Creates the owner of a tenant and returns the generated password."""

    def __call__(self, tenant: TenantRef, *, email: str, actor: Actor) -> str: ...


class OwnerInviter(Protocol):
    """Sends the invitation to the owner of a tenant."""

    def __call__(self, tenant: TenantRef, *, email: str, actor: Actor) -> None: ...


def create_tenant_with_owner(
    *, name: str, subdomain: str, registration: str, owner_email: str, actor: Actor
) -> tuple[Tenant, str]:
    """Create a tenant, and an owner if an address is given; return it and the owner's password.

    Raises: ValidationFailed, SubdomainTaken.
    """
    with use_scope(PUBLIC), transaction.atomic():
        ref = create_tenant(name=name, subdomain=subdomain, registration=registration, actor=actor)
        password = create_owner(ref, email=owner_email, actor=actor) if owner_email else ""
        return visible_tenant(ref.id), password


def create_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Create the owner with ``TENANT_OWNER_FACTORY`` and return the password.

    The setting names the function, because ``staff`` may not import ``accounts``. Raises the
    exceptions of that function.
    """
    factory = cast("OwnerFactory", import_string(settings.TENANT_OWNER_FACTORY))
    return factory(tenant, email=email, actor=actor)


def invite_owner(tenant: TenantRef, *, email: str, actor: Actor) -> None:
    """Invite the owner by e-mail with ``TENANT_OWNER_INVITER``.

    Raises the exceptions of that function.
    """
    inviter = cast("OwnerInviter", import_string(settings.TENANT_OWNER_INVITER))
    inviter(tenant, email=email, actor=actor)


def change_tenant(tenant_id: uuid.UUID, changes: dict[str, Any], *, actor: Actor) -> None:
    """Change the given ones of ``name``, ``registration``, ``limits`` and ``subdomain``.

    ``redirect_days`` is how long the previous subdomain redirects to the new one. Raises
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
    """Serve a tenant again that is suspended, scheduled for deletion, or both."""
    with use_scope(PUBLIC), transaction.atomic():
        cancel_deletion(tenant_id, actor=actor)
        resume_tenant(tenant_id, actor=actor)


def apply_to_tenant(
    tenant_id: uuid.UUID, service: Callable[[uuid.UUID], Any], check: TenantCheck
) -> Tenant:
    """Lock a tenant, run ``check`` and then a service on it; return the changed tenant.

    Raises: TenantNotFound, and the exceptions of ``check`` and of the service.
    """
    with use_scope(PUBLIC), transaction.atomic():
        lock_tenant(tenant_id)
        check(visible_tenant(tenant_id))
        service(tenant_id)
        return visible_tenant(tenant_id)
