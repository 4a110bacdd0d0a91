"""A new agency signs itself up: tenant, schema, owner and first session in one transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction

from accounts.actors import actor_of, target_of
from accounts.email.outbox import ask_to_verify
from accounts.models import User
from accounts.passwords.validation import checked_password
from accounts.sessions.services import Opened, open_session
from accounts.users.creation import add_user, require_sound
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, enter
from core.text.email_addresses import canonical_address
from tenants.context import tenant_context
from tenants.refs import TenantRef
from tenants.services import create_tenant
from tenants.slugs import checked as checked_slug

SignUpAct = Callable[[], tuple[TenantRef, Opened]]


def sign_up(**fields: Any) -> tuple[TenantRef, Opened]:
    """Create a tenant with its owner, and log them in. See ``signing_up``."""
    return signing_up(**fields)()


def signing_up(
    *,
    company: str,
    subdomain: str,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    actor: Actor | None = None,
    registration: str = "closed",
    password_is_given: bool = False,
) -> SignUpAct:
    """Return what creates a tenant whose owner is this person, and logs them in.

    ``password_is_given`` says that somebody else has chosen it. Everything stands or nothing does.
    The password is checked and hashed before anything is locked. Raises ValidationFailed; what is
    returned that and SubdomainTaken.
    """
    slug = checked_slug(subdomain)
    owner = User(
        email=canonical_address(email),
        first_name=first_name,
        last_name=last_name,
        role=User.Role.OWNER,
        password_change_required=password_is_given,
    )
    require_sound(owner)
    owner.password = checked_password(password, owner, names=(company, slug))
    # The platform's trail knows people of tenants by id alone: an erasure does not reach it.
    who = actor or Actor("user", str(owner.id))
    facts = {"name": company, "subdomain": slug, "registration": registration}
    return partial(_opened, owner, who, facts)


def _opened(owner: User, who: Actor, facts: dict[str, str]) -> tuple[TenantRef, Opened]:
    with enter(PUBLIC), transaction.atomic():
        tenant = create_tenant(actor=who, **facts)
        with tenant_context(tenant):
            add_user(owner)
            record("user.registered", actor=actor_of(owner), target=target_of(owner), role="owner")
            ask_to_verify(owner)
            return tenant, open_session(owner)
