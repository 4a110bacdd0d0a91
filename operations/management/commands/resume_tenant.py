"""manage.py resume_tenant"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.text.normalization import timestamp_or_none
from staff.tenant_services import resume_and_cancel_deletion
from tenants.lifecycle import resume_tenant
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_slug_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant
from tenants.queries import get_tenant
from tenants.states import TenantState, tenant_state


class Command(TenantCommand):
    help = (
        "Serve a suspended tenant again, from the next request on. A scheduled deletion stays, "
        "unless --cancel-deletion is given. Maintenance ends with end_maintenance.\n\n"
        "Example: manage.py resume_tenant acme"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument(
            "--cancel-deletion", action="store_true", help="cancel a scheduled deletion too"
        )
        add_dry_run_argument(parser, "only show the state")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        before = named_tenant(options["slug"])
        if before.status == Tenant.Status.DELETING:
            raise CommandError(
                f"{before.slug} is being deleted, which cannot be undone. "
                "Load its last archive instead: import_tenant FILE --as NAME."
            )
        if not options["dry_run"]:
            service = resume_and_cancel_deletion if options["cancel_deletion"] else resume_tenant
            service(before.pk, actor=SYSTEM)
        after = before if options["dry_run"] else get_tenant(before.pk)
        document = {
            "tenant": after.slug,
            "state": tenant_state(after).value,
            "resumed": before.status == Tenant.Status.SUSPENDED != after.status,
            "deletion_due_at": timestamp_or_none(after.deletion_due_at),
            "maintenance": after.maintenance,
            "dry_run": options["dry_run"],
        }
        self.write_result(document, _line(before, after, document), as_json=options["json"])


def _line(before: Tenant, after: Tenant, document: dict[str, Any]) -> str:
    if document["dry_run"]:
        would = (
            "would be resumed" if before.status == Tenant.Status.SUSPENDED else "is not suspended"
        )
        return f"{after.slug} {would}.{_hint(after)}"
    if document["resumed"]:
        return f"{after.slug} is no longer suspended.{_hint(after)}"
    if before.deletion_due_at and not after.deletion_due_at:
        return f"The deletion of {after.slug} is cancelled.{_hint(after)}"
    return f"{after.slug} was not suspended; nothing was changed.{_hint(after)}"


def _hint(tenant: Tenant) -> str:
    """Return why the tenant is not served yet, and the command that changes that."""
    hints = {
        TenantState.SCHEDULED: (
            f" It will be deleted after {tenant.deletion_due_at}: "
            f"manage.py resume_tenant {tenant.slug} --cancel-deletion"
        ),
        TenantState.MAINTENANCE: (
            f" It is in maintenance ({tenant.maintenance}): manage.py end_maintenance {tenant.slug}"
        ),
    }
    return hints.get(tenant_state(tenant), "")
