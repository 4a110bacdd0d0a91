"""manage.py reconcile_storage"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
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
from tenants.context import tenant_context
from tenants.management.arguments import selected_tenants
from tenants.models import Tenant
from tenants.refs import ref_of

Outcome = ReconciliationReport | str | None
"""What was found, why it could not be looked at, or nothing: it was looked at not long ago."""


class Command(BaseCommand):
    help = (
        "Compare what is counted, what the rows say and what the store has. Changes nothing "
        "without --fix, which removes what no row stands for and counts anew; versions whose "
        "object is missing are told of and never removed. Safe while uploads run, can be "
        "interrupted and repeated.\n\n"
        "Example: manage.py reconcile_storage --tenant acme --fix\n\n"
        "Exit status: 0 all agree, 1 differences are left, or a tenant could not be looked at."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--tenant", action="append", metavar="SLUG", default=[], help="one; can be repeated"
        )
        which.add_argument("--all", action="store_true", help="every tenant that is served")
        parser.add_argument("--fix", action="store_true", help="repair what can be repaired")
        parser.add_argument(
            "--settle",
            action="store_true",
            help="only finish what ended uploads left, as every upload does; part of --fix",
        )
        parser.add_argument(
            "--grace",
            type=integer_argument(),
            default=settings.UPLOAD_SECONDS,
            metavar="SECONDS",
            help="leave what is younger alone (as long as an upload may take: %(default)s). "
            "Less only while nobody uploads",
        )
        parser.add_argument(
            "--older-than",
            type=integer_argument(),
            metavar="SECONDS",
            help="compare only those that were not compared since",
        )
        parser.add_argument(
            "--exit-zero",
            action="store_true",
            help="let differences be no failure; they are logged",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["grace"] < 0:
            raise CommandError("--grace takes a number of seconds from 0.")
        told: list[dict[str, Any]] = []
        differ = failed = 0
        for tenant in _chosen(options["tenant"]):
            found = self._looked_at(tenant, options)
            if found is None:
                continue
            failed += isinstance(found, str)
            differ += isinstance(found, ReconciliationReport) and bool(found.left)
            told.append(report_as_json(tenant, found))
            if not options["json"]:
                self.stdout.write(report_as_text(tenant, found))
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self.stdout.write(f"{len(told) - failed} compared, {differ} differ.")
        _conclude(0 if options["exit_zero"] else differ, failed)

    def _looked_at(self, tenant: Tenant, options: dict[str, Any]) -> Outcome:
        try:
            with tenant_context(ref_of(tenant)):
                if _is_fresh(options["older_than"]):
                    if options["settle"] or options["fix"]:
                        clean_up_all()
                    return None
                return self._watched(tenant, options)
        except (DatabaseError, StorageUnavailable) as exc:
            return str(exc).strip().partition("\n")[0] or type(exc).__name__

    def _watched(self, tenant: Tenant, options: dict[str, Any]) -> ReconciliationReport:
        err: Any = self.stderr
        columns = (
            TextColumn("{task.description:20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=err), disable=not err.isatty()) as progress:
            task = progress.add_task(tenant.slug, total=FileVersion.objects.count())
            told: Callable[[int], None] = lambda count: progress.advance(task, count)  # noqa: E731
            work = ReconciliationOptions(options["fix"], options["settle"], options["grace"], told)
            return reconcile(work)


def _chosen(slugs: list[str]) -> list[Tenant]:
    found = selected_tenants(slugs)
    for tenant in found:
        if tenant.maintenance or tenant.status == Tenant.Status.DELETING:
            raise CommandError(f"{tenant.slug} is being worked on; try again when that is done.")
    return found


def _is_fresh(seconds: int | None) -> bool:
    if seconds is None:
        return False
    since = timezone.now() - timedelta(seconds=seconds)
    return Balance.objects.filter(reconciled_at__gt=since).exists()


def _conclude(differ: int, failed: int) -> None:
    verb = "differs" if differ == 1 else "differ"
    said = [f"{pluralize(differ, 'tenant')} {verb}"] if differ else []
    said += [f"{failed} could not be compared"] if failed else []
    if said:
        raise CommandError(f"{', '.join(said)}.")
