"""Queries for support accesses. All of them name the tenant: nothing is found by an id alone."""

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from core.db_backend.scope import PUBLIC, use_scope
from tenants.problems import SupportAccessNotFound
from tenants.support_access.models import SupportAccess

MAX_ENDED = 50


def open_q(now: datetime) -> Q:
    """Return the condition for requests that wait and accesses that are active."""
    waits = Q(granted_at=None, answer_by__gt=now)
    return Q(ended_at=None) & (waits | Q(expires_at__gt=now))


def overdue_q(now: datetime) -> Q:
    """Return the condition for rows that time has ended and that are not marked."""
    return Q(ended_at=None) & ~open_q(now)


def support_accesses(tenant_id: uuid.UUID) -> list[SupportAccess]:
    """Return the open and the last ended accesses of a tenant, newest first, from any scope.

    The open ones are not bounded: an access that is not listed could not be ended.
    """
    now = timezone.now()
    with use_scope(PUBLIC):
        rows = SupportAccess.objects.filter(tenant=tenant_id)
        return [*rows.filter(open_q(now)), *rows.exclude(open_q(now))[:MAX_ENDED]]


def open_support_accesses(tenant_id: uuid.UUID) -> list[SupportAccess]:
    """Return the open requests and active accesses of a tenant, from any scope."""
    with use_scope(PUBLIC):
        return list(SupportAccess.objects.filter(open_q(timezone.now()), tenant=tenant_id))


def get_support_access(access_id: uuid.UUID, *, tenant_id: uuid.UUID) -> SupportAccess:
    """Return one access of a tenant, from any scope. Raises: SupportAccessNotFound."""
    with use_scope(PUBLIC):
        found = SupportAccess.objects.filter(pk=access_id, tenant=tenant_id).first()
        if found is None:
            raise SupportAccessNotFound
        return found


def access_of_staff(staff_id: uuid.UUID, *, tenant_id: uuid.UUID) -> SupportAccess | None:
    """Return the open request or active access of a staff user to a tenant, or None."""
    with use_scope(PUBLIC):
        rows = SupportAccess.objects.filter(open_q(timezone.now()), tenant=tenant_id)
        found: QuerySet[SupportAccess] = rows.filter(staff_id=staff_id)
        return found.first()


def lock_access(access_id: uuid.UUID, *, tenant_id: uuid.UUID) -> SupportAccess:
    """Return one access of a tenant with its row locked. Call it in the public scope.

    Raises: SupportAccessNotFound.
    """
    rows = SupportAccess.objects.select_for_update(of=("self",))
    found = rows.filter(pk=access_id, tenant=tenant_id).first()
    if found is None:
        raise SupportAccessNotFound
    return found
