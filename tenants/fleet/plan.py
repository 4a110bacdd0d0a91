"""The plan of a migration run: what it would do, without any change (``--plan``)."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import Member
from tenants.fleet.pending import migratable_members, missing_migrations, outdated_members
from tenants.schemas.migrate import pending_public_migrations
from tenants.schemas.owner import owner_connection
from tenants.schemas.template import template_is_current


@dataclass(frozen=True, slots=True)
class Plan:
    """The missing migrations of ``public`` and of each outdated tenant."""

    public: list[str]
    template_is_current: bool
    tenants: int
    outdated: dict[Member, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON."""
        return {
            "public": self.public,
            "template_is_current": self.template_is_current,
            "tenants": self.tenants,
            "behind": [
                {"tenant": member.name, "schema": member.schema, "steps": list(steps)}
                for member, steps in self.outdated.items()
            ],
        }


def build_plan(slugs: list[str] | None) -> Plan:
    """Return the plan for these tenants (None: all)."""
    public = pending_public_migrations()
    if not _has_tenants():
        return Plan(public, False, 0, {})
    members = migratable_members(slugs)
    outdated = outdated_members(members)
    missing = missing_migrations([member.schema for member in outdated])
    named = {m: tuple(f"{app}.{name}" for app, name in missing[m.schema]) for m in outdated}
    return Plan(public, template_is_current(), len(members), named)


def print_plan(out: Any, plan: Plan, *, as_json: bool) -> None:
    """Print a plan; tenants with the same missing migrations are counted together."""
    if as_json:
        out.write(json.dumps(plan.to_json(), indent=2))
        return
    out.write(f"public: {', '.join(plan.public) or 'up to date'}")
    out.write(f"template: {'up to date' if plan.template_is_current else 'to be rebuilt'}")
    out.write(f"tenants: {plan.tenants}, {len(plan.outdated)} behind")
    for steps, count in Counter(plan.outdated.values()).most_common():
        out.write(f"  {count} x {', '.join(steps)}")


def _has_tenants() -> bool:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.tenants_tenant') IS NOT NULL")
        return bool(cursor.fetchone()[0])
