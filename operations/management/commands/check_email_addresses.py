"""manage.py check_email_addresses"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import connection

from accounts.users import canonical_addresses as user_addresses
from core.db_backend.scope import PUBLIC, use_scope
from core.text.email_canonicalization import AddressFinding
from core.text.normalization import pluralize
from staff import services as staff_addresses
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import (
    add_json_argument,
    add_tenants_arguments,
    given_names,
    selected_tenants,
)
from tenants.management.base import TenantCommand

ROW_FORMAT = "{tenant:24} {table:10} {id} {address} {problem}"


class Command(TenantCommand):
    help = (
        "List the e-mail addresses that are not in canonical form: of people and invitations in "
        "each tenant, and of staff. Their rows collide with others of the same mailbox, or no mail "
        "can reach them; docs/operations.md says what to do. It changes nothing.\n\n"
        "Example: manage.py check_email_addresses --tenant acme --json\n\n"
        "Exit status: 0 there is none, 1 there are some."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=" (default: all, and staff)")
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [
            {"tenant": slug, **finding.document()} for slug, finding in _find_addresses(options)
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
        for row in rows if not options["json"] else ():
            self.stdout.write(_format_row(row))
        if rows:
            raise CommandError(
                f"{pluralize(len(rows), 'address', 'addresses')} to look into; "
                "docs/operations.md says how."
            )
        if not options["json"]:
            self.stdout.write("Every address is canonical.")


def _find_addresses(options: dict[str, Any]) -> Iterator[tuple[str | None, AddressFinding]]:
    if not given_names(options):
        with use_scope(PUBLIC), connection.cursor() as cursor:
            staff_findings = list(staff_addresses.noncanonical_addresses(cursor))
        for finding in staff_findings:
            yield None, finding
    for tenant in selected_tenants(options):
        with tenant_context(ref_of(tenant)), connection.cursor() as cursor:
            tenant_findings = list(user_addresses.find_noncanonical_addresses(cursor))
        for finding in tenant_findings:
            yield tenant.slug, finding


def _format_row(row: dict[str, Any]) -> str:
    line = ROW_FORMAT.format(**{**row, "tenant": row["tenant"] or "(staff)"})
    if row["canonical"]:
        line += f" {row['canonical']}"
    return f"{line} with {', '.join(row['collides_with'])}" if row["collides_with"] else line
