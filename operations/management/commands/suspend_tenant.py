"""manage.py suspend_tenant"""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.text.normalization import pluralize
from operations.suspension import SuspensionEffects, suspension_effects
from tenants.context import ref_of
from tenants.lifecycle import clean_reason, suspend_tenant
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_slug_argument,
    add_yes_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant


class Command(TenantCommand):
    help = (
        "Suspend a tenant: every request to it is refused from the next one on, and its e-mails "
        "wait. No data is deleted; resume_tenant serves it again. Visitors read the reason.\n\n"
        'Example: manage.py suspend_tenant acme --reason "The invoice of May is open."'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("--reason", default="", metavar="TEXT", help="shown to all visitors")
        add_yes_argument(parser)
        add_dry_run_argument(parser, "only show what would be refused")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant, reason = named_tenant(options["slug"]), clean_reason(options["reason"])
        _require_suspendable(tenant)
        effects = suspension_effects(ref_of(tenant))
        done = not options["dry_run"] and tenant.status == Tenant.Status.ACTIVE
        if done:
            question = f"This suspends {tenant.name}: {_format(effects)}."
            self.confirm(tenant.slug, question, options)
            tenant = suspend_tenant(tenant.pk, actor=SYSTEM, reason=reason)
            _require_suspended(tenant)
        document = {
            "tenant": tenant.slug,
            "status": tenant.status,
            "reason": tenant.suspended_reason,
            "suspended": done,
            "dry_run": options["dry_run"],
            "refused": asdict(effects),
        }
        self.write_result(document, _line(tenant, document, effects), as_json=options["json"])


def _require_suspendable(tenant: Tenant) -> None:
    if tenant.status == Tenant.Status.DELETING:
        raise CommandError(
            f"{tenant.slug} is being deleted, so it serves nobody. "
            "purge_tenants finishes the deletion."
        )


def _require_suspended(tenant: Tenant) -> None:
    """Refuse if a deletion began since the tenant was read."""
    if tenant.status != Tenant.Status.SUSPENDED:
        raise CommandError(
            f"{tenant.slug} is {tenant.status} by now. `manage.py show_tenant` tells more."
        )


def _line(tenant: Tenant, document: dict[str, Any], effects: SuspensionEffects) -> str:
    if document["suspended"]:
        return (
            f"{tenant.slug} is suspended: {_format(effects)}. "
            f"To serve it again: manage.py resume_tenant {tenant.slug}"
        )
    if tenant.status == Tenant.Status.SUSPENDED:
        reason = f" ({tenant.suspended_reason})" if tenant.suspended_reason else ""
        return (
            f"{tenant.slug} is suspended already{reason}; nothing was changed. "
            "To give another reason, resume it first."
        )
    return f"{tenant.slug} would be suspended: {_format(effects)}."


def _format(effects: SuspensionEffects) -> str:
    refused = ", ".join(
        (
            pluralize(effects.sessions, "session"),
            pluralize(effects.api_keys, "API key"),
            pluralize(effects.shares, "public link"),
            pluralize(effects.uploads, "open upload"),
        )
    )
    verb = "waits" if effects.emails == 1 else "wait"
    return f"{refused} are refused, {pluralize(effects.emails, 'e-mail')} {verb}"
