"""manage.py audit_isolation"""

import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.problems import StorageUnavailable
from core.termination import TERMINATION_EXCEPTIONS, exit_status
from core.text.normalization import pluralize
from operations.isolation.canaries import AuditIncompleteError
from operations.isolation.report import AuditReport, print_report
from operations.isolation.run import audit_lock, remove_leftovers, run_audit
from operations.isolation.transport import HttpTransport, InProcessTransport, Transport
from tenants.management.arguments import add_json_argument


class Command(BaseCommand):
    help = (
        "Prove that tenants cannot reach each other: seed two temporary tenants with canaries and "
        "try every route with every method, the database, the object store and the cache with one "
        "tenant's credentials against the other. Harmless on production. The exit status is 1 if "
        "anything went through.\n\n"
        "Example: manage.py audit_isolation --url http://127.0.0.1:8000 --json > audit.json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="a site that runs; without it, this process serves")
        parser.add_argument("--only", default="", metavar="PATH", help="routes that have this")
        add_json_argument(parser, "every attempt as JSON")
        parser.add_argument("--verbose", action="store_true", help="print every attempt")
        parser.add_argument(
            "--clean", action="store_true", help="only remove what a killed run has left"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        ledger = AuditReport()
        try:
            with _logging_disabled(), _report_signal(), audit_lock():
                removed = remove_leftovers(self._progress)
                if not options["clean"]:
                    transport = _transport(options["url"])
                    run_audit(transport, ledger, self._progress, only=options["only"])
        except AuditIncompleteError as exc:
            if ledger.crossings:  # a crossing can be the reason
                print_report(ledger, self.stdout, every=False)
            raise CommandError(f"The audit cannot see: {exc}") from exc
        except StorageUnavailable as exc:
            raise CommandError(f"{exc.detail} Run it again with --clean when it answers.") from exc
        except OSError as exc:
            raise CommandError(
                f"The site or the store does not answer: {exc}. Run it again."
            ) from exc
        if options["clean"]:
            self.stdout.write(f"{pluralize(removed, 'tenant')} of former runs removed.")
            return
        self._print_report(ledger, options)

    def _progress(self, line: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{line}", ending="")

    def _print_report(self, ledger: AuditReport, options: dict[str, Any]) -> None:
        self._progress("")
        if options["json"]:
            self.stdout.write(json.dumps(ledger.as_json(), indent=1))
        else:
            print_report(ledger, self.stdout, every=options["verbose"])
        if count := len(ledger.crossings):
            raise CommandError(f"{count} of {pluralize(len(ledger.rows), 'attempt')} went through.")


def _transport(url: str | None) -> Transport:
    return HttpTransport(url) if url else InProcessTransport()


@contextmanager
def _logging_disabled() -> Iterator[None]:
    """Keep the log lines of the audit's own requests out of the report."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _report_signal() -> Iterator[None]:
    """Turn a signal into CommandError.

    It arrives as an exception, so the seeded tenants are removed first.
    """
    try:
        yield
    except TERMINATION_EXCEPTIONS as exc:
        line = "Stopped; what was planted has been removed."
        raise CommandError(line, returncode=exit_status(exc)) from exc
