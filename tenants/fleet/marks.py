"""Tenants whose migration failed answer 503 until a later run succeeds."""

from django.db import transaction

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result
from tenants.maintenance import begin_maintenance, end_maintenance
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.services import lock_tenant

MIGRATION_FAILED = Tenant.Maintenance.MIGRATION_FAILED
MAX_NOTE_LENGTH = 4000


def mark_failed(member: Member, result: Result) -> None:
    """Take the tenant off the air if its migration failed by its own fault.

    A lock that was not got, a database that went away or a run that was told to stop says nothing
    against the tenant: it is as it was, and the version that serves now can go on serving it. A
    tenant that is off the air for another reason stays so for that reason.
    """
    if result.outcome is not Outcome.FAILED:
        return
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance in {"", MIGRATION_FAILED}:
                begin_maintenance(
                    member.id, MIGRATION_FAILED, actor=SYSTEM, note=result.detail[:MAX_NOTE_LENGTH]
                )
    except TenantNotFound:
        return  # deleted at this moment


def clear_failed(member: Member) -> bool:
    """Serve a tenant again that was marked; return whether it was."""
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance != MIGRATION_FAILED:
                return False
            end_maintenance(member.id, actor=SYSTEM)
            return True
    except TenantNotFound:
        return False
