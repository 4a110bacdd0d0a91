"""manage.py list_tenants"""

import json
from argparse import ArgumentParser
from typing import Any

from core.text.normalization import pluralize, timestamp, timestamp_or_none
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand
from tenants.management.terminal import make_table, print_table
from tenants.models import Tenant
from tenants.queries import all_tenants
from tenants.routing import tenant_host
from tenants.states import TenantState, tenant_state

COLUMNS = ("subdomain", "name", "state", "host", "schema")


class Command(TenantCommand):
    help = "List the tenants, newest first.\n\nExample: manage.py list_tenants --json"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [_serialize(tenant) for tenant in all_tenants()]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        table = make_table(COLUMNS, free=("name",), title=pluralize(len(rows), "tenant"))
        for row in rows:
            table.add_row(*(row[column] for column in COLUMNS))
        print_table(self.stdout, table)


def _serialize(tenant: Tenant) -> dict[str, str]:
    """Return a tenant for operators. ``state`` is its effective state in a word."""
    slug, due = tenant.slug, tenant.deletion_due_at
    return {
        "id": str(tenant.id),
        "subdomain": slug,
        "name": tenant.name,
        "state": _state(tenant),
        "status": tenant.status,
        "maintenance": tenant.maintenance,
        "deletion_due_at": timestamp_or_none(due) or "",
        "host": tenant_host(slug) if slug else "",
        "schema": tenant.schema_name,
        "object_prefix": tenant.object_prefix,
        "created_at": timestamp(tenant.created_at),
    }


def _state(tenant: Tenant) -> str:
    state = tenant_state(tenant)
    if state is TenantState.SCHEDULED:
        return f"to be deleted {tenant.deletion_due_at:%Y-%m-%d}"
    if state is TenantState.MAINTENANCE:
        return str(tenant.maintenance)
    return str(tenant.status)
