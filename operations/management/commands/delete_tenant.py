"""manage.py delete_tenant"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import StorageUnavailable, ValidationFailed
from core.text.normalization import noun_form, pluralize, timestamp_or_none
from core.text.parsing import integer_argument
from core.text.sizes import format_size
from operations.archives.progress import show_progress
from operations.deletion.certificates import Inventory, certificate_document, take_inventory
from operations.deletion.export import require_export_folder
from operations.deletion.purge import PurgeOptions, purge_tenant
from operations.errors import ArchiveError, PurgeError
from operations.management.output import OperationCommand, error_line
from tenants.lifecycle import cancel_deletion, schedule_deletion
from tenants.management.arguments import (
    add_json_argument,
    add_slug_argument,
    add_yes_argument,
    named_tenant,
)
from tenants.management.terminal import confirm
from tenants.models import Tenant
from tenants.queries import get_tenant
from tenants.schemas.owner import owner_connection


class Command(OperationCommand):
    help = (
        "Schedule a tenant's deletion: it is no longer served, and purge_tenants purges it when "
        "it is due; until then --call-off cancels it. --now purges at once and cannot be "
        "undone. Run an interrupted purge again to finish it.\n\n"
        "Example: manage.py delete_tenant acme --days 14"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument(
            "--days", type=integer_argument(), help="days of grace; DELETION_GRACE_DAYS if unset"
        )
        parser.add_argument("--no-export", action="store_true", help="keep no archive")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--call-off", action="store_true", help="serve the tenant again")
        what.add_argument("--now", action="store_true", help="purge at once, after asking")
        what.add_argument("--dry-run", action="store_true", help="only show what would go")
        parser.add_argument("--to", type=Path, metavar="DIR", help="where --now puts the archive")
        add_yes_argument(parser)
        add_json_argument(parser, "a JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = named_tenant(options["slug"])
            self._act(tenant, options)
        except (PurgeError, ArchiveError, OSError) as exc:
            raise CommandError(str(exc)) from exc
        except ValidationFailed as exc:
            raise CommandError(exc.errors[0].detail) from exc
        except (DatabaseError, psycopg.Error) as exc:
            raise CommandError(f"{error_line(exc)}. Run the command again to go on.") from exc
        except StorageUnavailable as exc:
            raise CommandError(f"{exc.detail} Run the command again when it answers.") from exc

    def _act(self, tenant: Tenant, options: dict[str, Any]) -> None:
        if options["call_off"]:
            cancel_deletion(tenant.pk, actor=SYSTEM)
            self.finish({"deletion_due_at": None}, f"{tenant.slug} is served again.")
        elif options["now"] or options["dry_run"]:
            owner_connection()  # refuses now, not half-way, if the owner's login is not known
            if not (options["now"] and options["yes"]):
                self._show(tenant, take_inventory(tenant))
            if options["now"]:
                self._purge(tenant, options)
        else:
            self._schedule(tenant, options)

    def _schedule(self, tenant: Tenant, options: dict[str, Any]) -> None:
        export = not options["no_export"]
        scheduled = schedule_deletion(tenant.pk, actor=SYSTEM, days=options["days"], export=export)
        due_at = timestamp_or_none(scheduled.deletion_due_at) or ""
        line = (
            f"{tenant.slug} is no longer served and will be purged after {due_at}. "
            f"Until then: manage.py delete_tenant {tenant.slug} --call-off"
        )
        document = {"deletion_due_at": due_at, "export": scheduled.export_before_deletion}
        self.finish(document, line)

    def _purge(self, tenant: Tenant, options: dict[str, Any]) -> None:
        if not options["yes"]:
            question = f"This cannot be undone. Type {tenant.slug} to delete it: "
            confirm(tenant.slug, question, "Nothing was deleted.")
        folder = options["to"] or settings.TENANT_EXPORT_DIR
        export = not options["no_export"]
        if tenant.status != Tenant.Status.DELETING:
            if export:
                require_export_folder(folder)  # before anything is changed
            with use_scope(PUBLIC), transaction.atomic():
                cancel_deletion(tenant.pk, actor=SYSTEM)  # in favour of an earlier day
                schedule_deletion(tenant.pk, actor=SYSTEM, days=0, export=export)
        with show_progress(self.stderr) as watch:
            purge_options = PurgeOptions(SYSTEM, folder, export, self.report, watch)
            certificate = purge_tenant(get_tenant(tenant.pk), purge_options)
        self.finish(
            certificate_document(certificate),
            f"{tenant.slug} is gone; certificate {certificate.pk}.",
        )

    def _show(self, tenant: Tenant, found: Inventory) -> None:
        self.report(f"{tenant.name} ({tenant.slug}), schema {tenant.schema_name}")
        for table, content in found.tables.items():
            self.report(f"  {content.rows:>10} {noun_form(content.rows, 'row')} in {table}")
        held = found.held
        unfinished = pluralize(held.unfinished, "unfinished upload")
        noun = noun_form(held.objects, "object")
        self.report(f"  {held.objects:>10} {noun}, {format_size(held.size)}, {unfinished}")
