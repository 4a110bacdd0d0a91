"""manage.py measure_usage"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from core.text.normalization import pluralize
from core.text.parsing import integer_argument
from core.text.sizes import format_size
from operations.usage import Outcome, measure_tenants
from tenants.management.arguments import (
    add_json_argument,
    add_tenants_arguments,
    given_names,
    selected_tenants,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant, Usage
from tenants.serializers import serialize_usage
from tenants.usage import tenants_to_measure


class Command(TenantCommand):
    help = (
        "Measure what tenants hold: rows, bytes, objects. The oldest measurement is renewed first; "
        "an interrupted run continues with the same --older-than.\n\n"
        "Example: manage.py measure_usage --all --older-than 3600"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser)
        parser.add_argument(
            "--older-than",
            type=integer_argument(),
            default=0,
            metavar="SECONDS",
            help="with --all: leave out tenants measured since",
        )
        parser.add_argument(
            "--exact", action="store_true", help="count the rows rather than take the estimate"
        )
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = _select_tenants(options)
        documents, failed = [], 0
        for tenant, result in self._measured(tenants, options["exact"]):
            if isinstance(result, Usage):
                documents.append(_usage_document(tenant, result))
                continue
            failed += 1
            self.stderr.write(f"{tenant.slug}: {str(result).strip() or type(result).__name__}")
        self.stdout.write(
            json.dumps(documents, indent=2) if options["json"] else _format_rows(documents)
        )
        if failed:
            raise CommandError(f"{failed} could not be measured; the others were. Run it again.")

    def _measured(self, tenants: list[Tenant], exact: bool) -> Iterator[Outcome]:
        err: Any = self.stderr
        shown = track(
            measure_tenants(tenants, exact=exact),
            "Measuring",
            total=len(tenants),
            console=Console(file=err),
            disable=not err.isatty(),
        )
        yield from shown


def _select_tenants(options: dict[str, Any]) -> list[Tenant]:
    if options["all"] and not given_names(options):
        before = timezone.now() - timedelta(seconds=options["older_than"])
        return list(tenants_to_measure(before))
    return selected_tenants(options, required=True)


def _usage_document(tenant: Tenant, usage: Usage) -> dict[str, Any]:
    return {"id": str(tenant.id), "subdomain": tenant.slug, **serialize_usage(usage)}


def _format_rows(documents: list[dict[str, Any]]) -> str:
    lines = [_format_row(row) for row in documents]
    return "\n".join([*lines, f"{pluralize(len(documents), 'tenant')} measured."])


def _format_row(row: dict[str, Any]) -> str:
    rows, objects = pluralize(row["rows"], "row"), pluralize(row["objects"], "object")
    database, stored = format_size(row["database_bytes"]), format_size(row["object_bytes"])
    return f"{row['subdomain']:40} {rows:>15} {database:>11} {objects:>15} {stored:>11}"
