"""Access of support to one tenant, as staff use it: ask, give up, read.

Staff have no session on a tenant's host. What an owner has granted is read in the admin, one
section at a time; each reading checks the grant under its row's lock and is recorded.
"""

import uuid
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.module_loading import import_string

from audit.services import SYSTEM, Actor
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import PermissionRefused
from staff.actors import actor_of
from staff.models import StaffUser
from tenants.context import TenantRef, ref_of
from tenants.support_access.models import SupportAccess
from tenants.support_access.queries import access_of_staff
from tenants.support_access.services import (
    Actors,
    end_access,
    end_accesses,
    lock_active_access,
    record_step,
    request_access,
)

PERMISSION = "tenants.add_supportaccess"
SectionReader = Callable[[TenantRef, str, int], Any]


def may_ask(staff: Any) -> bool:
    """Tell whether a staff user may ask for access, and use what is granted."""
    return bool(staff.is_active and staff.has_perm(PERMISSION))


def ask_for_access(
    staff: StaffUser, tenant_id: uuid.UUID, *, reason: str, hours: int
) -> SupportAccess:
    """Ask the owners of a tenant.

    Raises: PermissionRefused, and what ``request_access`` raises.
    """
    with use_scope(PUBLIC), transaction.atomic():
        _lock_allowed(staff)
        return request_access(tenant_id, staff=actor_of(staff), reason=reason, hours=hours)


def give_up_access(staff: StaffUser, tenant_id: uuid.UUID) -> None:
    """End the own request or access, if there is one."""
    access = access_of_staff(staff.pk, tenant_id=tenant_id)
    if access is not None:
        end_access(
            access.pk,
            tenant_id=tenant_id,
            actors=Actors.same(actor_of(staff)),
            reason=SupportAccess.End.WITHDRAWN,
        )


def read_section(
    staff: StaffUser, tenant_id: uuid.UUID, *, section: str, page: int
) -> tuple[SupportAccess, Any]:
    """Return the active access and one section of the tenant, and record it in both trails.

    The access is locked until the section is read. So when an owner's revocation returns, nothing
    is read any more.

    Raises: PermissionRefused, SupportAccessClosed, and what ``require_served`` raises.
    """
    reader = cast("SectionReader", import_string(settings.TENANT_SUPPORT_READER))
    with use_scope(PUBLIC), transaction.atomic():
        _lock_allowed(staff)
        access = lock_active_access(tenant_id, staff.pk)
        record_step(
            access, "support.viewed", Actors.same(actor_of(staff)), section=section, page=page
        )
        return access, reader(ref_of(access.tenant), section, page)


def end_lost_accesses(*, actor: Actor = SYSTEM) -> int:
    """End the accesses of staff users who are inactive, deleted, or lack the permission by now.

    Call it in the transaction of the change. Returns how many were ended.
    """
    with use_scope(PUBLIC), transaction.atomic():
        holders = SupportAccess.objects.filter(ended_at=None).order_by()
        ids = set(holders.values_list("staff_id", flat=True).distinct())
        allowed = {s.pk for s in StaffUser.objects.filter(pk__in=ids) if may_ask(s)}
        if not ids - allowed:
            return 0
        which = Q(staff_id__in=ids - allowed)
        return end_accesses(which, SupportAccess.End.STAFF_CHANGED, actor=actor)


def _lock_allowed(staff: StaffUser) -> None:
    """Check the staff user as of now; the lock lets a deactivation wait.

    Raises: PermissionRefused.
    """
    rows = StaffUser.objects.select_for_update(of=("self",), no_key=True)
    current = rows.filter(pk=staff.pk).first()
    if current is None or not may_ask(current):
        raise PermissionRefused
