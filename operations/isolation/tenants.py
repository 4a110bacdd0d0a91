"""The two throw-away tenants of a run, and how they go again, whatever happened to the run."""

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
from tenants.context import tenant_context
from tenants.lifecycle import schedule_deletion
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.refs import TenantRef
from tenants.services import create_tenant

SLUG_PREFIX = "isolation-audit-"
SEEDED_ACTION = "isolation.planted"
# Nobody can receive mail there, and nobody can register it (RFC 2606 section 2).
EMAIL_DOMAIN = "isolation-audit.invalid"
# How long another run may take to purge one of them.
ATTEMPTS, PAUSE_SECONDS = 120, 0.5


@dataclass(frozen=True, slots=True)
class AuditTenant:
    """One tenant of a run.

    ``marker`` stands in every text that is planted and in nothing that is ever sent to the other
    side. ``bait`` is the address of a person that attackers know.
    """

    ref: TenantRef
    marker: str
    owner: User
    attacker: User
    bait: str


def create_audit_tenant() -> AuditTenant:
    """Create a tenant with three people: who owns the canaries, who attacks, and who is named."""
    word, marker = secrets.token_hex(6), f"canary{secrets.token_hex(10)}"
    with use_scope(PUBLIC), transaction.atomic():
        ref = create_tenant(name=f"Audit {word}", subdomain=f"{SLUG_PREFIX}{word}", actor=SYSTEM)
        # The mark by which a later run knows what this one left; no customer can set it.
        record(SEEDED_ACTION, actor=SYSTEM, target=Target("tenant", str(ref.id), ref.name))
    with tenant_context(ref), transaction.atomic():
        owner = _create_user(f"{marker}@{EMAIL_DOMAIN}", marker, User.Role.OWNER)
        attacker = _create_user(f"attacker-{word}@{EMAIL_DOMAIN}", "Mallory", User.Role.OWNER)
        bait = _create_user(f"bait-{word}@{EMAIL_DOMAIN}", "Named", User.Role.MEMBER)
    return AuditTenant(ref, marker, owner, attacker, bait.email)


def _create_user(email: str, name: str, role: str) -> User:
    return create_user_without_actor(
        email=email, password=secrets.token_urlsafe(20), role=role, first_name=name, last_name=name
    )


def find_leftovers() -> list[Tenant]:
    """Return the tenants that runs which were killed have left."""
    with use_scope(PUBLIC):
        named = Tenant.objects.filter(domains__domain__startswith=SLUG_PREFIX).distinct()
        ids = [str(tenant.pk) for tenant in named]
        ours = AuditEvent.objects.filter(action=SEEDED_ACTION, target_id__in=ids)
        planted = set(ours.values_list("target_id", flat=True))
        return [tenant for tenant in named if str(tenant.pk) in planted]


def purge_audit_tenant(tenant: Tenant) -> None:
    """Purge a tenant of a run, also one whose purge was cut off.

    The housekeeper may purge it first: it is due. Raises StorageUnavailable, and Busy when another
    run does not come to an end.
    """
    for attempt in range(ATTEMPTS):
        try:
            _purge_once(tenant.pk)
        except (
            TenantBusyError,
            PurgeNotDueError,
            TenantNotFound,
        ):  # another run began or ended its purge
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
