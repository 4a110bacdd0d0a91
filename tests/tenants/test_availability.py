"""The effective state of a tenant that is suspended, scheduled and in maintenance at once."""

from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from core.problems import Problem
from staff.admin.tenant_columns import describe_state
from tenants.context import TenantRef
from tenants.models import Tenant
from tenants.states import TenantState, require_served, tenant_state

FACTS: dict[TenantState, dict[str, Any]] = {
    TenantState.MAINTENANCE: {"maintenance": Tenant.Maintenance.RESTORING},
    TenantState.SUSPENDED: {"status": Tenant.Status.SUSPENDED},
    TenantState.SCHEDULED: {"deletion_due_at": timezone.now()},
    TenantState.DELETING: {"status": Tenant.Status.DELETING},
}
MET = {
    TenantState.SERVED: (None, "is served"),
    TenantState.MAINTENANCE: ("tenant_unavailable", "under maintenance"),
    TenantState.SUSPENDED: ("tenant_suspended", "suspended"),
    TenantState.SCHEDULED: ("tenant_suspended", "will be deleted on"),
    TenantState.DELETING: ("tenant_not_found", "is being deleted"),
}


def answer_to(tenant: TenantRef) -> str | None:
    """Return the code of the refusal, or None for a tenant that is served."""
    try:
        require_served(tenant)
    except Problem as problem:
        return problem.code
    return None


@pytest.mark.parametrize("holds", list(product((False, True), repeat=len(FACTS))))
def test_state_with_several_facts_is_the_gravest_everywhere(holds: tuple[bool, ...]):
    true = [state for state, holding in zip(FACTS, holds, strict=True) if holding]
    fields = {"status": Tenant.Status.ACTIVE}
    for state in true:  # the gravest last
        fields |= FACTS[state]
    tenant = Tenant(**fields)

    state = tenant_state(tenant)

    assert state is (true[-1] if true else TenantState.SERVED)
    code, words = MET[state]
    assert answer_to(ref_like(tenant)) == code
    assert describe_state(tenant).startswith(words)


def ref_like(tenant: Tenant) -> TenantRef:
    """Return the reference of a tenant that is not stored."""
    facts = ("id", "name", "schema_name", "object_prefix", "status", "suspended_reason")
    more = ("registration", "key_version", "maintenance", "deletion_due_at")
    return TenantRef(slug="", **{name: getattr(tenant, name) for name in (*facts, *more)})
