"""Steps of a support access. Each is recorded in the platform's trail and in the tenant's.

The row is locked for each step, so of two concurrent ones the second sees what the first did.
Callers check who decides: owners in accounts/own_tenant/support.py, staff in
staff/support_access.py. See docs/decisions/0031-support-access.md.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.services import SYSTEM, Actor, Target, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from core.text.normalization import is_visible, normalize_text
from core.text.translation import translatable
from tenants.context import ref_of, tenant_context, tenant_target
from tenants.models import Tenant
from tenants.problems import SupportAccessClosed, SupportAccessOpen
from tenants.queries import lock_tenant
from tenants.signals import support_requested
from tenants.states import TenantState, require_served, tenant_state
from tenants.support_access.models import MAX_HOURS, MAX_REASON_LENGTH, AccessState, SupportAccess
from tenants.support_access.queries import lock_access, open_q, overdue_q

ANSWER_WITHIN = timedelta(days=3)
# States in which the tenant's schema may be missing or belong to an archive that is restored.
UNREADABLE_STATES = {TenantState.DELETING, TenantState.MAINTENANCE}


@dataclass(frozen=True, slots=True)
class Actors:
    """The actor of a step in each trail: the platform need not know users' addresses."""

    in_public: Actor
    in_tenant: Actor

    @classmethod
    def same(cls, actor: Actor) -> "Actors":
        """Return an actor that both trails name alike."""
        return cls(actor, actor)


def request_access(tenant_id: uuid.UUID, *, staff: Actor, reason: str, hours: int) -> SupportAccess:
    """Ask the owners of a tenant for access; receivers of ``support_requested`` tell them.

    Raises: ValidationFailed; TenantNotFound, TenantSuspended, TenantUnavailable for a tenant that
    is not served; SupportAccessOpen if this staff user has an open request or access already.
    """
    reason, hours, now = clean_reason(reason), clean_hours(hours), timezone.now()
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        require_served(ref_of(tenant))
        own = Q(tenant=tenant_id, staff_id=staff.id)
        end_overdue_accesses(own)
        if SupportAccess.objects.filter(own, open_q(now)).exists():
            raise SupportAccessOpen
        access = SupportAccess.objects.create(
            tenant=tenant,
            staff_id=staff.id,
            staff_label=staff.label,
            reason=reason,
            hours=hours,
            requested_at=now,
            answer_by=now + ANSWER_WITHIN,
        )
        record_step(access, "support.requested", Actors.same(staff), hours=hours, reason=reason)
        support_requested.send(sender=SupportAccess, tenant=ref_of(tenant), access=access)
        return access


def grant_access(
    access_id: uuid.UUID, *, tenant_id: uuid.UUID, owner_id: uuid.UUID, actors: Actors, hours: int
) -> SupportAccess:
    """Grant a request for some hours from now on.

    Raises: ValidationFailed, SupportAccessNotFound, SupportAccessClosed.
    """
    hours = clean_hours(hours)
    with use_scope(PUBLIC), transaction.atomic():
        access = _lock_in_state(access_id, tenant_id, AccessState.REQUESTED)
        now = timezone.now()
        access.owner_id, access.granted_at = owner_id, now
        access.expires_at = now + timedelta(hours=hours)
        access.save(update_fields=["owner_id", "granted_at", "expires_at"])
        record_step(access, "support.granted", actors, hours=hours)
        return access


def refuse_access(
    access_id: uuid.UUID, *, tenant_id: uuid.UUID, owner_id: uuid.UUID, actors: Actors
) -> None:
    """Refuse a request. Raises: SupportAccessNotFound, SupportAccessClosed."""
    with use_scope(PUBLIC), transaction.atomic():
        access = _lock_in_state(access_id, tenant_id, AccessState.REQUESTED)
        access.owner_id = owner_id
        _end(access, SupportAccess.End.REFUSED, actors)


def end_access(
    access_id: uuid.UUID, *, tenant_id: uuid.UUID, actors: Actors, reason: SupportAccess.End
) -> None:
    """End a request or an access. One that has ended is not changed.

    A staff user's view in progress has ended when this returns: it holds the row's lock.

    Raises: SupportAccessNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        access = lock_access(access_id, tenant_id=tenant_id)
        if access.state_at(timezone.now()) is not AccessState.ENDED:
            _end(access, reason, actors)


def end_accesses(which: Q, reason: SupportAccess.End, *, actor: Actor) -> int:
    """End the requests and accesses that ``which`` selects; return their number.

    Call it in the transaction of the change that ends them.
    """
    with use_scope(PUBLIC), transaction.atomic():
        end_overdue_accesses(which)
        rows = _lock_all(which & Q(ended_at=None))
        for access in rows:
            _end(access, reason, Actors.same(actor))
        return len(rows)


def end_overdue_accesses(which: Q | None = None) -> int:
    """Mark the rows that time has ended, and record it; return their number."""
    with use_scope(PUBLIC), transaction.atomic():
        rows = _lock_all(overdue_q(timezone.now()) & (which or Q()))
        for access in rows:
            end = SupportAccess.End
            reason = end.UNANSWERED if access.granted_at is None else end.EXPIRED
            _end(access, reason, Actors.same(SYSTEM))
        return len(rows)


def lock_active_access(tenant_id: uuid.UUID, staff_id: uuid.UUID) -> SupportAccess:
    """Return the active access of a staff user to a tenant that is served, locked.

    Call it in the public scope, in the transaction that reads the tenant. Raises:
    SupportAccessClosed, and what ``require_served`` raises.
    """
    rows = SupportAccess.objects.select_for_update(of=("self",)).select_related("tenant")
    access = rows.filter(tenant=tenant_id, staff_id=staff_id, ended_at=None).first()
    if access is None or access.state_at(timezone.now()) is not AccessState.ACTIVE:
        raise SupportAccessClosed
    require_served(ref_of(access.tenant))
    return access


def record_step(access: SupportAccess, action: str, actors: Actors, **details: object) -> None:
    """Record a step in the platform's trail and, while its schema can be used, in the tenant's."""
    tenant: Tenant = access.tenant
    with use_scope(PUBLIC):
        target, number = tenant_target(tenant), str(access.pk)
        record(action, actor=actors.in_public, target=target, support_access=number, **details)
    if tenant_state(tenant) not in UNREADABLE_STATES:
        with tenant_context(ref_of(tenant)):
            own = Target("support_access", number, access.staff_label)
            record(action, actor=actors.in_tenant, target=own, **details)


def clean_hours(hours: int) -> int:
    """Return the number of hours. Raises: ValidationFailed."""
    if not 1 <= hours <= MAX_HOURS:
        rule = translatable("Use 1 to %(most)s hours.", most=MAX_HOURS)
        raise ValidationFailed(errors=[FieldError("hours", "out_of_range", rule)])
    return hours


def clean_reason(text: str) -> str:
    """Return the reason of a request as one line of text. Raises: ValidationFailed."""
    text = normalize_text(text, "NFC", max_length=MAX_REASON_LENGTH, field="reason")
    reason = " ".join(text.split())
    if not reason.isprintable() or not is_visible(reason):
        error = FieldError("reason", "invalid", "Give a reason, without control characters.")
        raise ValidationFailed(errors=[error])
    return reason


def _lock_in_state(access_id: uuid.UUID, tenant_id: uuid.UUID, state: AccessState) -> SupportAccess:
    access = lock_access(access_id, tenant_id=tenant_id)
    if access.state_at(timezone.now()) is not state:
        raise SupportAccessClosed
    return access


def _lock_all(which: Q) -> list[SupportAccess]:
    """Lock rows in the order of ids, so that concurrent calls cannot deadlock."""
    rows: Iterable[SupportAccess] = (
        SupportAccess.objects.filter(which)
        .order_by("id")
        .select_related("tenant")
        .select_for_update(of=("self",))
    )
    return list(rows)


def _end(access: SupportAccess, reason: SupportAccess.End, actors: Actors) -> None:
    access.ended_at, access.end_reason = min(timezone.now(), access.due_at), reason
    access.save(update_fields=["owner_id", "ended_at", "end_reason"])
    record_step(access, "support.ended", actors, reason=reason.value)
