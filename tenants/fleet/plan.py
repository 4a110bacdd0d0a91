"""What a run would do, found out without changing anything."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import Member
from tenants.fleet.migrate import migratable_members, outdated_members
from tenants.fleet.pending import missing_migrations
from tenants.schemas.migrate import pending_public_migrations
from tenants.schemas.owner import owner_connection
from tenants.schemas.template import template_is_current


@dataclass(frozen=True, slots=True)
class Plan:
    """What lacks what."""

    public: list[str]
    template_is_current: bool
    tenants: int
    late: dict[Member, tuple[str, ...]]

    def packed(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "public": self.public,
            "template_is_current": self.template_is_current,
            "tenants": self.tenants,
            "behind": [
                {"tenant": member.name, "schema": member.schema, "steps": list(steps)}
                for member, steps in self.late.items()
            ],
        }


def build_plan(slugs: list[str] | None) -> Plan:
    """Return what ``migrate_schemas`` would do for these tenants (all of them)."""
    public = pending_public_migrations()
    if not _has_tenants():
        return Plan(public, False, 0, {})
    found = migratable_members(slugs)
    late = outdated_members(found)
    lacking = missing_migrations([member.schema for member in late])
    named = {m: tuple(f"{app}.{name}" for app, name in lacking[m.schema]) for m in late}
    return Plan(public, template_is_current(), len(found), named)


def print_plan(out: Any, plan: Plan, *, as_json: bool) -> None:
    """Print a plan; tenants that lack the same are counted together."""
    if as_json:
        out.write(json.dumps(plan.packed(), indent=2))
        return
    out.write(f"public: {', '.join(plan.public) or 'up to date'}")
    out.write(f"template: {'up to date' if plan.template_is_current else 'to be rebuilt'}")
    out.write(f"tenants: {plan.tenants}, {len(plan.late)} behind")
    for steps, count in Counter(plan.late.values()).most_common():
        out.write(f"  {count} x {', '.join(steps)}")


def _has_tenants() -> bool:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.tenants_tenant') IS NOT NULL")
        return bool(cursor.fetchone()[0])
