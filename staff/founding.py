"""Asking for the owner of a workspace that staff opens.

Staff knows nothing of the people of tenants; ``settings.TENANT_OWNER_MAKER`` names who does.
"""

from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from audit.services import Actor
from tenants.refs import TenantRef


class OwnerFactory(Protocol):
    """Adds the owner of a tenant and returns the password that was made up for them."""

    def __call__(self, tenant: TenantRef, *, email: str, actor: Actor) -> str: ...


def create_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Add the owner and return their password. Raises what the configured maker raises."""
    maker = cast("OwnerFactory", import_string(settings.TENANT_OWNER_MAKER))
    return maker(tenant, email=email, actor=actor)
