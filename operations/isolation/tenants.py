"""The two temporary tenants of a run, and their removal after every run."""

import secrets
import time
import uuid
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from accounts.users.creation import create_user_without_actor
from audit.models import AuditEvent
from audit.services import SYSTEM, Target, record
from core.db_backend.scope import PUBLIC, use_scope
from operations.deletion.purge import PurgeOptions, purge_tenant
from operations.errors import PurgeNotDueError, TenantBusyError
from tenants.context import TenantRef, tenant_context
from tenants.lifecycle import schedule_deletion
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.services import create_tenant

SLUG_PREFIX = "isolation-audit-"
SEEDED_ACTION = "isolation.planted"
# No mailbox exists there, and the domain cannot be registered (RFC 2606 section 2).
EMAIL_DOMAIN = "isolation-audit.invalid"
# The maximum time that another run may take to purge one of them.
ATTEMPTS, PAUSE_SECONDS = 120, 0.5


@dataclass(frozen=True, slots=True)
class AuditTenant:
    """One tenant of a run.

    ``marker`` is in every seeded text and in nothing that is sent to the other tenant.
    ``named_email`` is the e-mail address of a user that the attacker knows.
    """

    ref: TenantRef
    marker: str
    owner: User
    attacker: User
    named_email: str


def create_audit_tenant() -> AuditTenant:
    """Create a tenant: the owner of the canaries, the attacker, a user that is only named."""
    word, marker = secrets.token_hex(6), f"canary{secrets.token_hex(10)}"
    with use_scope(PUBLIC), transaction.atomic():
        ref = create_tenant(name=f"Audit {word}", subdomain=f"{SLUG_PREFIX}{word}", actor=SYSTEM)
        # A later run finds this tenant by the event; no user can create it.
        record(SEEDED_ACTION, actor=SYSTEM, target=Target("tenant", str(ref.id), ref.name))
    with tenant_context(ref), transaction.atomic():
        owner = _create_user(f"{marker}@{EMAIL_DOMAIN}", marker, User.Role.OWNER)
        attacker = _create_user(f"attacker-{word}@{EMAIL_DOMAIN}", "Mallory", User.Role.OWNER)
        named = _create_user(f"named-{word}@{EMAIL_DOMAIN}", "Named", User.Role.MEMBER)
    return AuditTenant(ref, marker, owner, attacker, named.email)


def _create_user(email: str, name: str, role: str) -> User:
    return create_user_without_actor(
        email=email, password=secrets.token_urlsafe(20), role=role, first_name=name, last_name=name
    )


def find_leftovers() -> list[Tenant]:
    """Return the tenants that interrupted runs left."""
    with use_scope(PUBLIC):
        named = Tenant.objects.filter(domains__domain__startswith=SLUG_PREFIX).distinct()
        ids = [str(tenant.pk) for tenant in named]
        ours = AuditEvent.objects.filter(action=SEEDED_ACTION, target_id__in=ids)
        audit_tenants = set(ours.values_list("target_id", flat=True))
        return [tenant for tenant in named if str(tenant.pk) in audit_tenants]


def purge_audit_tenant(tenant: Tenant) -> None:
    """Purge a tenant of a run, also after an interrupted purge.

    The housekeeper may purge it first: its deletion is due.

    Raises: StorageUnavailable, TenantBusyError if another run does not finish.
    """
    for attempt in range(ATTEMPTS):
        try:
            _purge_once(tenant.pk)
        except (
            TenantBusyError,
            PurgeNotDueError,
            TenantNotFound,
        ):  # another run is purging it
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _purge_once(tenant_id: uuid.UUID) -> None:
    with use_scope(PUBLIC):
        tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        return
    if tenant.status != Tenant.Status.DELETING:
        tenant = schedule_deletion(tenant.pk, actor=SYSTEM, days=0, export=False)
    purge_tenant(tenant, PurgeOptions(SYSTEM, export=False))
