"""manage.py list_people"""

import json
from argparse import ArgumentParser
from typing import Any

from django.db.models import Max

from accounts.models import User
from accounts.users.queries import search_users
from core.text.normalization import pluralize, timestamp, timestamp_or_none
from core.text.parsing import integer_argument
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import add_json_argument, add_slug_argument, named_tenant
from tenants.management.base import TenantCommand
from tenants.management.terminal import make_table, print_table

ACTIVITY = {"active": "true", "inactive": "false"}
COLUMNS = ("email", "name", "role", "state", "second factor", "last seen")


class Command(TenantCommand):
    help = (
        "List the people of one tenant, newest first. Removed people are not shown.\n\n"
        "Example: manage.py list_people acme --role admin --state active --q silva"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("--role", choices=User.Role.values, default="")
        parser.add_argument("--state", choices=ACTIVITY, default="")
        parser.add_argument("--q", default="", metavar="TEXT", help="a part of address or name")
        parser.add_argument(
            "--limit", type=integer_argument(1), metavar="N", help="at most so many (default: all)"
        )
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenant_context(ref_of(named_tenant(options["slug"]))):
            found = search_users(
                search=options["q"],
                role=options["role"],
                is_active=ACTIVITY.get(options["state"], ""),
            )
            total = found.count()
            users = found.annotate(seen_at=Max("sessions__last_used_at"))[: options["limit"]]
            rows = [_serialize(user) for user in users]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        shown = "" if len(rows) == total else f", the newest {len(rows)}"
        title = pluralize(total, "person", "people") + shown
        table = make_table(COLUMNS, free=("email", "name"), title=title)
        for row in rows:
            table.add_row(*_columns(row))
        print_table(self.stdout, table)


def _serialize(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.full_name,
        "role": user.role,
        "state": "active" if user.is_active else "inactive",
        "email_verified_at": timestamp_or_none(user.email_verified_at),
        "has_second_factor": user.second_factor_at is not None,
        "last_seen_at": timestamp_or_none(user.seen_at),  # type: ignore[attr-defined]
        "created_at": timestamp(user.created_at),
    }


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    factor = "yes" if row["has_second_factor"] else "no"
    seen = (row["last_seen_at"] or "never")[:16].replace("T", " ")
    return (row["email"], row["name"], row["role"], row["state"], factor, seen)
