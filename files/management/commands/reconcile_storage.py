"""manage.py reconcile_storage"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.problems import StorageUnavailable
from core.text.normalization import pluralize
from core.text.parsing import integer_argument
from files.models import Balance, FileVersion
from files.reconciliation.options import ReconciliationOptions
from files.reconciliation.report import ReconciliationReport, report_as_json, report_as_text
from files.reconciliation.services import clean_up_all, reconcile
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import (
    add_json_argument,
    add_tenants_arguments,
    selected_tenants,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant

Outcome = ReconciliationReport | str | None
"""The report, the error, or None for a tenant that was compared recently."""


class Command(TenantCommand):
    help = (
        "Compare the balance, the rows and the store of tenants. Changes nothing without --fix, "
        "which deletes objects without a row and computes the balance again; versions whose object "
        "is missing are reported and never deleted. Safe during uploads; can be interrupted and "
        "repeated.\n\n"
        "Example: manage.py reconcile_storage --tenant acme --fix\n\n"
        "Exit status: 0 all agree, 1 differences are left or a tenant could not be compared."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser)
        parser.add_argument("--fix", action="store_true", help="repair what can be repaired")
        parser.add_argument(
            "--settle",
            action="store_true",
            help="only clean up ended uploads, as every upload does; part of --fix",
        )
        parser.add_argument(
            "--grace",
            type=integer_argument(),
            default=settings.UPLOAD_SECONDS,
            metavar="SECONDS",
            help="ignore newer objects (default: as long as an upload may take, %(default)s). "
            "Use less only while there are no uploads",
        )
        parser.add_argument(
            "--older-than",
            type=integer_argument(),
            metavar="SECONDS",
            help="compare only tenants whose last comparison is older",
        )
        parser.add_argument(
            "--exit-zero",
            action="store_true",
            help="exit with 0 in spite of differences, which are logged",
        )
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["grace"] < 0:
            raise CommandError("--grace takes a number of seconds from 0.")
        documents: list[dict[str, Any]] = []
        differ = failed = 0
        for tenant in _select_tenants(options):
            outcome = self._compare(tenant, options)
            if outcome is None:
                continue
            failed += isinstance(outcome, str)
            differ += isinstance(outcome, ReconciliationReport) and bool(outcome.left)
            documents.append(report_as_json(tenant, outcome))
            if not options["json"]:
                self.stdout.write(report_as_text(tenant, outcome))
        verb = "differs" if differ == 1 else "differ"
        summary = f"{len(documents) - failed} compared, {differ} {verb}."
        self.write_result(documents, summary, as_json=options["json"])
        _fail_on_differences(0 if options["exit_zero"] else differ, failed)

    def _compare(self, tenant: Tenant, options: dict[str, Any]) -> Outcome:
        try:
            with tenant_context(ref_of(tenant)):
                if _is_recent(options["older_than"]):
                    if options["settle"] or options["fix"]:
                        clean_up_all()
                    return None
                return self._reconcile(tenant, options)
        except (DatabaseError, StorageUnavailable) as exc:
            return str(exc).strip().partition("\n")[0] or type(exc).__name__

    def _reconcile(self, tenant: Tenant, options: dict[str, Any]) -> ReconciliationReport:
        err: Any = self.stderr
        columns = (
            TextColumn("{task.description:20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=err), disable=not err.isatty()) as progress:
            task = progress.add_task(tenant.slug, total=FileVersion.objects.count())
            return reconcile(
                ReconciliationOptions(
                    fix=options["fix"],
                    clean_up=options["settle"],
                    grace=options["grace"],
                    on_progress=lambda count: progress.advance(task, count),
                )
            )


def _select_tenants(options: dict[str, Any]) -> list[Tenant]:
    tenants = selected_tenants(options, required=True)
    for tenant in tenants:
        if tenant.maintenance or tenant.status == Tenant.Status.DELETING:
            raise CommandError(f"{tenant.slug} is being worked on; try again when that is done.")
    return tenants


def _is_recent(seconds: int | None) -> bool:
    if seconds is None:
        return False
    since = timezone.now() - timedelta(seconds=seconds)
    return Balance.objects.filter(reconciled_at__gt=since).exists()


def _fail_on_differences(differ: int, failed: int) -> None:
    verb = "differs" if differ == 1 else "differ"
    causes = [f"{pluralize(differ, 'tenant')} {verb}"] if differ else []
    causes += [f"{failed} could not be compared"] if failed else []
    if causes:
        raise CommandError(f"{', '.join(causes)}. --fix repairs what can be repaired.")
