"""Sign-up of a new tenant: tenant, schema, owner and first session in one transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction

from accounts.email.outbox import enqueue_verification_email
from accounts.models import User
from accounts.passwords.validation import hash_new_password
from accounts.sessions.services import NewSession, open_session
from accounts.users.creation import insert_user, validate_user
from accounts.users.queries import user_actor, user_target
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.text.email_addresses import canonical_address
from tenants.context import TenantRef, tenant_context
from tenants.names import clean_new_slug
from tenants.services import create_tenant

SignupAction = Callable[[], tuple[TenantRef, NewSession]]


def sign_up(**fields: Any) -> tuple[TenantRef, NewSession]:
    """Create a tenant with its owner, and log the owner in. See ``prepare_signup``."""
    return prepare_signup(**fields)()


def prepare_signup(
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
) -> SignupAction:
    """Return a callable that creates a tenant with this owner and logs the owner in.

    ``password_is_given`` says that another person has chosen the password. Everything is created in
    one transaction. The password is validated and hashed before any lock.

    Raises: ValidationFailed. The returned callable also raises SubdomainTaken.
    """
    slug = clean_new_slug(subdomain)
    owner = User(
        email=canonical_address(email),
        first_name=first_name,
        last_name=last_name,
        role=User.Role.OWNER,
        password_change_required=password_is_given,
    )
    validate_user(owner)
    owner.password = hash_new_password(password, owner, names=(company, slug))
    # The platform's audit trail names tenant users by id only: an erasure does not reach it.
    creator = actor or Actor("user", str(owner.id))
    facts = {"name": company, "subdomain": slug, "registration": registration}
    return partial(_create_tenant_with_owner, owner, creator, facts)


def _create_tenant_with_owner(
    owner: User, creator: Actor, facts: dict[str, str]
) -> tuple[TenantRef, NewSession]:
    with use_scope(PUBLIC), transaction.atomic():
        tenant = create_tenant(actor=creator, **facts)
        with tenant_context(tenant):
            insert_user(owner)
            record(
                "user.registered", actor=user_actor(owner), target=user_target(owner), role="owner"
            )
            enqueue_verification_email(owner)
            return tenant, open_session(owner)
