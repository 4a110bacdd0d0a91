"""manage.py deletion_certificates"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.text.normalization import pluralize, timestamp
from operations.deletion.certificates import (
    certificate_document,
    document_digest,
    list_certificates,
)
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand
from tenants.management.terminal import make_table, print_table

COLUMNS = ("purged at", "subdomain", "name", "certificate", "digest")


class Command(TenantCommand):
    help = (
        "List the certificates of deleted tenants, newest first, and hold each against its digest; "
        "the exit status is not 0 if one was altered.\n\n"
        "Example: manage.py deletion_certificates --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json_argument(parser, "a JSON array, documents too")

    def handle(self, *args: Any, **options: Any) -> None:
        certificates = list_certificates()
        altered = {c.pk for c in certificates if document_digest(c.document) != c.digest}
        if options["json"]:
            rows = [
                {**certificate_document(c), "is_intact": c.pk not in altered} for c in certificates
            ]
            self.stdout.write(json.dumps(rows, indent=2))
        else:
            table = make_table(
                COLUMNS, free=("name",), title=pluralize(len(certificates), "certificate")
            )
            for c in certificates:
                digest = "ALTERED" if c.pk in altered else c.digest[:16]
                table.add_row(timestamp(c.purged_at), c.subdomain, c.name, str(c.pk), digest)
            print_table(self.stdout, table)
        if altered:
            raise CommandError(
                f"{pluralize(len(altered), 'certificate')} altered since written. "
                "Compare with a backup."
            )
