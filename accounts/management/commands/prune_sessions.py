"""manage.py prune_sessions"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.sessions.pruning import prune
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.queries import all_tenants
from tenants.refs import TenantRef, ref_of

AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Mark sessions that ran out and delete those that ended long ago, in every tenant. Each "
        "log-in does a little of it; this is for tenants where nobody logs in.\n\n"
        "Example: manage.py prune_sessions"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        changed, failed = 0, []
        for tenant in _present():
            try:
                changed += _pruned(ref_of(tenant))
            except DatabaseError as exc:
                failed.append(tenant.slug)
                self.stderr.write(f"{tenant.slug}: {str(exc).strip()}")
        self.stdout.write(f"{changed} sessions pruned.")
        if failed:
            raise CommandError(f"{len(failed)} could not be pruned; the others were.")


def _present() -> list[Tenant]:
    return list(all_tenants().filter(maintenance="").exclude(status=Tenant.Status.DELETING))


def _pruned(tenant: TenantRef) -> int:
    total = 0
    with tenant_context(tenant):
        while changed := prune(timezone.now(), AT_ONCE):
            total += changed
    return total
