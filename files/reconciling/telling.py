"""Telling what was found."""

from typing import Any

from core.text.normalization import pluralize
from files.reconciliation.report import DESCRIPTIONS, ReconciliationReport
from tenants.models import Tenant


def report_as_json(tenant: Tenant, found: ReconciliationReport | str) -> dict[str, Any]:
    """Return what was found in a tenant, or why nothing could be, for JSON."""
    name = {"id": str(tenant.id), "subdomain": tenant.slug}
    return {**name, "error": found} if isinstance(found, str) else {**name, **found.packed()}


def report_as_text(tenant: Tenant, found: ReconciliationReport | str) -> str:
    """Return the same for people."""
    if isinstance(found, str):
        return f"{tenant.slug}: COULD NOT BE COMPARED: {found}"
    state = f"{pluralize(found.left, 'DIFFERENCE', 'DIFFERENCES')}" if found.left else "agrees"
    rest = [f"{found.young} too young to judge"] if found.young else []
    rest += [f"{pluralize(found.unsettled, 'upload')} to be settled"] if found.unsettled else []
    compared = f"{pluralize(found.versions, 'version')}, {pluralize(found.objects, 'object')}"
    head = f"{tenant.slug}: {state}, {compared}"
    lines = [", ".join([head, *rest])]
    for kind, differing in found.found.items():
        if differing.count:
            fixed = f", {differing.fixed} repaired" if differing.fixed else ""
            lines.append(f"  {differing.count}{fixed}: {DESCRIPTIONS[kind]}")
            lines += [f"    {example}" for example in differing.examples]
    return "\n".join(lines)
