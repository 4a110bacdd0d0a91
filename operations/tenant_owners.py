"""Creates and resets owners of tenants (``settings.TENANT_OWNER_FACTORY``).

staff does not import accounts, and accounts does not import staff: this module connects both.
"""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.invitations.services import invite_as_platform
from accounts.models import User
from accounts.users.creation import build_user, insert_user
from accounts.users.queries import user_target
from audit.services import Actor, record
from core.text.email_addresses import canonical_address
from tenants.context import TenantRef, tenant_context


def generate_password() -> str:
    """Return a random password."""
    return secrets.token_urlsafe(15)


def create_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Create the tenant's owner; return the generated password, which is not stored.

    Raises: ValidationFailed for an invalid address, EmailTaken.
    """
    email = canonical_address(email, field="owner_email")
    password = generate_password()
    with tenant_context(tenant), transaction.atomic():
        owner = build_user(
            email=email, password=password, role=User.Role.OWNER, first_name="", last_name=""
        )
        owner.password_change_required = True
        insert_user(owner)
        record("user.created", actor=actor, target=user_target(owner), role=owner.role)
    return password


def invite_owner(tenant: TenantRef, *, email: str, actor: Actor) -> None:
    """Invite the tenant's owner by e-mail (``settings.TENANT_OWNER_INVITER``).

    Raises: ValidationFailed for an invalid address.
    """
    with tenant_context(tenant):
        invite_as_platform(email=email, role=User.Role.OWNER, actor=actor)


def reset_owner_password(tenant: TenantRef, *, actor: Actor) -> tuple[str, str]:
    """Give the tenant's first active owner a new password; return address and password.

    An owner is created if there is none. The password is not stored.
    """
    password = generate_password()
    with tenant_context(tenant), transaction.atomic():
        owners = User.objects.filter(role=User.Role.OWNER, is_active=True)
        owner = owners.order_by("created_at", "id").first()
        if owner is None:
            email = "owner@example.invalid"
            return email, create_owner(tenant, email=email, actor=actor)
        owner.password, owner.password_change_required = make_password(password), True
        owner.save(update_fields=["password", "password_change_required", "updated_at"])
        record("user.password_given", actor=actor, target=user_target(owner))
        return owner.email, password
