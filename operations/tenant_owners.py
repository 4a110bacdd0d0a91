"""How a workspace that staff opens gets its owner (``settings.TENANT_OWNER_MAKER``).

Staff may not know the people of tenants, and accounts may not know staff: this joins the two.
"""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.actors import target_of
from accounts.models import User
from accounts.users.creation import add_user, new_user
from audit.services import Actor, record
from core.text.email_addresses import canonical_address
from tenants.context import tenant_context
from tenants.refs import TenantRef


def new_password() -> str:
    """Return a password that nobody has guessed yet."""
    return secrets.token_urlsafe(15)


def make_owner(tenant: TenantRef, *, email: str, actor: Actor) -> str:
    """Add the tenant's owner and return the password made up for them, which is stored nowhere.

    Raises ValidationFailed for a bad address and EmailTaken.
    """
    email = canonical_address(email, field="owner_email")
    password = new_password()
    with tenant_context(tenant), transaction.atomic():
        owner = new_user(
            email=email, password=password, role=User.Role.OWNER, first_name="", last_name=""
        )
        owner.password_change_required = True
        add_user(owner)
        record("user.created", actor=actor, target=target_of(owner), role=owner.role)
    return password


def let_owner_in(tenant: TenantRef, *, actor: Actor) -> tuple[str, str]:
    """Give the tenant's first owner a new password; return the address and the password.

    Where there is no active owner one is made. The password is stored nowhere else.
    """
    password = new_password()
    with tenant_context(tenant), transaction.atomic():
        owners = User.objects.filter(role=User.Role.OWNER, is_active=True)
        owner = owners.order_by("created_at", "id").first()
        if owner is None:
            email = "owner@example.invalid"
            return email, make_owner(tenant, email=email, actor=actor)
        owner.password, owner.password_change_required = make_password(password), True
        owner.save(update_fields=["password", "password_change_required", "updated_at"])
        record("user.password_given", actor=actor, target=target_of(owner))
        return owner.email, password
