"""manage.py prune_sessions"""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.retention import RETENTION, count_prunable, prune
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_tenants_arguments,
    selected_tenants,
)
from tenants.management.base import TenantCommand

BATCH_SIZE = 500


class Command(TenantCommand):
    help = (
        "Mark expired sessions as ended, and delete old sessions, mailed links, invitations and "
        "revoked API keys, in every tenant or in those that are named. Each new row of a kind "
        "deletes some old ones; this command is for tenants without new rows.\n\n"
        "Example: manage.py prune_sessions --tenant acme --dry-run\n\n"
        "Exit status: 0 all were pruned, 1 one could not be."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=" (default: all)")
        add_dry_run_argument(parser, help="only count the rows")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run, tenants = options["dry_run"], selected_tenants(options)
        pruned = Counter(dict.fromkeys(RETENTION, 0))
        process = _count if dry_run else _prune
        failed = self.for_each_tenant(tenants, lambda _: pruned.update(process()), "Pruning")
        report = {**pruned, "tenants": len(tenants), "failed": failed, "dry_run": dry_run}
        parts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in pruned.items())
        text = f"{parts} {'would be pruned' if dry_run else 'pruned'}."
        self.write_result(report, text, as_json=options["json"])
        if failed:
            raise CommandError(f"{len(failed)} could not be pruned; the others were. Run it again.")


def _count() -> dict[str, int]:
    now = timezone.now()
    return {kind: count_prunable(kind, now) for kind in RETENTION}


def _prune() -> dict[str, int]:
    return {kind: _prune_all(kind) for kind in RETENTION}


def _prune_all(kind: str) -> int:
    total = 0
    while pruned := prune(kind, timezone.now(), BATCH_SIZE):
        total += pruned
    return total
