"""manage.py failed_mail"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from accounts.email.failures import FailedEmail, failed_emails, retry_failed_emails
from audit.services import SYSTEM
from core.text.normalization import pluralize, timestamp, timestamp_or_none
from core.text.parsing import integer_argument
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_tenants_arguments,
    selected_tenants,
)
from tenants.management.base import TenantCommand
from tenants.management.terminal import make_table, print_table
from tenants.models import Tenant

HINT = "Correct the cause, test it with send_test_mail, then: manage.py failed_mail --retry"
COLUMNS = ("tenant", "kind", "recipient", "attempts", "next attempt", "error")


class Command(TenantCommand):
    help = (
        "List the e-mails that could not be delivered, with the mail server's reason: those that "
        "are tried again, and those that were given up in the last days. --retry makes the former "
        "due now; one that was given up must be requested again by its user.\n\n"
        "Example: manage.py failed_mail --tenant acme --retry\n\n"
        "Exit status: 0 done, 1 a tenant could not be read, 2 wrong usage, 130 and 143 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=" (default: all)")
        parser.add_argument(
            "--days",
            type=integer_argument(),
            default=7,
            metavar="N",
            help="show what was given up in these days (default: 7)",
        )
        parser.add_argument("--retry", action="store_true", help="send the waiting ones again now")
        add_dry_run_argument(parser, "with --retry: only list them")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows: list[tuple[Tenant, FailedEmail]] = []
        retried = 0

        def read(tenant: Tenant) -> None:
            nonlocal retried
            within = timedelta(days=options["days"])
            rows.extend((tenant, failed) for failed in failed_emails(given_up_within=within))
            if options["retry"] and not options["dry_run"]:
                retried += retry_failed_emails(actor=SYSTEM)

        unread = self.for_each_tenant(selected_tenants(options), read, "Reading")
        if options["json"]:
            emails = [_serialize(tenant, failed) for tenant, failed in rows]
            self.write_result(
                {"emails": emails, "retried": retried, "failed": unread}, "", as_json=True
            )
        else:
            self._print(rows, retried, options)
        if unread:
            raise CommandError(
                f"{pluralize(len(unread), 'tenant')} could not be read. Run it again."
            )

    def _print(
        self, rows: list[tuple[Tenant, FailedEmail]], retried: int, options: dict[str, Any]
    ) -> None:
        waiting = sum(not failed.is_given_up for _, failed in rows)
        if rows:
            table = make_table(COLUMNS, free=("recipient", "error"))
            for tenant, failed in rows:
                table.add_row(*_columns(tenant, failed))
            print_table(self.stdout, table)
        count = pluralize(waiting, "e-mail")
        gone = pluralize(len(rows) - waiting, "e-mail")
        self.stdout.write(f"{count} waiting for another attempt, {gone} given up.")
        if options["retry"] and not options["dry_run"]:
            self.stdout.write(f"{pluralize(retried, 'e-mail')} due now; the mailer sends them.")
        elif waiting:
            self.stdout.write(HINT)


def _serialize(tenant: Tenant, failed: FailedEmail) -> dict[str, Any]:
    return {
        "tenant": tenant.slug,
        "id": failed.id,
        "kind": failed.kind,
        "recipient": failed.recipient,
        "state": "given_up" if failed.is_given_up else "waiting",
        "attempts": failed.attempts,
        "error": failed.error,
        "since": timestamp(failed.failed_since),
        "due_at": timestamp_or_none(failed.due_at),
    }


def _columns(tenant: Tenant, failed: FailedEmail) -> tuple[str, ...]:
    due = "given up" if failed.due_at is None else f"{failed.due_at:%Y-%m-%d %H:%M}"
    return (
        tenant.slug,
        failed.kind,
        failed.recipient,
        str(failed.attempts),
        due,
        failed.error,
    )
