"""manage.py prune_sessions"""

import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import track

from accounts.retention import RETENTION, count_prunable, prune
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import selected_tenants
from tenants.models import Tenant

BATCH_SIZE = 500
Count = Counter[str]


class Command(BaseCommand):
    help = (
        "Mark expired sessions as ended, and delete old sessions, mailed links, invitations and "
        "revoked API keys, in every tenant or in those that are named. Each new row of a kind "
        "deletes some old ones; this command is for tenants without new rows.\n\n"
        "Example: manage.py prune_sessions --tenant acme --dry-run\n\n"
        "Exit status: 0 all were pruned, 1 one could not be."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant", action="append", metavar="SLUG", default=[], help="one; can be repeated"
        )
        parser.add_argument("--dry-run", action="store_true", help="only count the rows")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        dry, chosen = options["dry_run"], selected_tenants(options["tenant"])
        pruned, failed = self._pruned(chosen, _counted if dry else _pruned)
        report = {**pruned, "tenants": len(chosen), "failed": failed, "dry_run": dry}
        parts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in pruned.items())
        line = f"{parts} {'would be pruned' if dry else 'pruned'}."
        self.stdout.write(json.dumps(report) if options["json"] else line)
        if failed:
            raise CommandError(f"{len(failed)} could not be pruned; the others were.")

    def _pruned(
        self, tenants: list[Tenant], function: Callable[[], Count]
    ) -> tuple[dict[str, int], list[str]]:
        done, failed = dict.fromkeys(RETENTION, 0), []
        err: Any = self.stderr
        console = Console(file=err)
        for tenant in track(tenants, "Pruning", console=console, disable=not err.isatty()):
            try:
                with tenant_context(ref_of(tenant)):
                    found = function()
            except DatabaseError as exc:
                failed.append(tenant.slug)
                self.stderr.write(f"{tenant.slug}: {str(exc).strip()}")
                continue
            done = {kind: count + found[kind] for kind, count in done.items()}
        return done, failed


def _counted() -> Count:
    now = timezone.now()
    return Counter({kind: count_prunable(kind, now) for kind in RETENTION})


def _pruned() -> Count:
    done: Count = Counter()
    for kind in RETENTION:
        while pruned := prune(kind, timezone.now(), BATCH_SIZE):
            done[kind] += pruned
    return done
