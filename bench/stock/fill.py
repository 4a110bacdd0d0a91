"""``python -m bench.stock.fill 1000``: make so many stock tenants.

The first by ``migrate_schemas``; the others from its dump, which leaves the same and is faster.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from rich.progress import track  # noqa: E402

from bench.harness.report import console  # noqa: E402
from bench.stock.customers.models import Client, Domain  # noqa: E402

FIRST = "fleet0"
# psql's own commands and the settings of its session.
NOT_DDL = re.compile(r"--.*|\\.*|SELECT pg_catalog\.set_config\(.*|SET .*")


def main() -> None:
    """Make them."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    first = Client(schema_name=FIRST, name=FIRST, object_prefix=FIRST)
    first.save(verbosity=0)
    Domain.objects.create(domain=f"{FIRST}.stock.localhost", tenant=first)
    text = dump()
    numbers = range(1, int(sys.argv[1]))
    for number in track(numbers, "Tenants of stock", console=console, transient=True):
        copy(text, f"fleet{number}")


def copy(text: str, name: str) -> None:
    """Make the schema ``name`` from the dump of the first, and the rows that name it."""
    Client.auto_create_schema = False
    with transaction.atomic(), connection.cursor() as cursor:
        tenant = Client.objects.create(schema_name=name, name=name, object_prefix=name)
        Domain.objects.create(domain=f"{name}.stock.localhost", tenant=tenant)
        cursor.execute(re.sub(rf"\b{FIRST}\b", name, text))


def dump() -> str:
    """Return the first tenant's schema as SQL text, the record of its migrations included."""
    database = settings.DATABASES["default"]
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGDATABASE": "NAME"}
    login = {key: str(database[name]) for key, name in names.items()}
    program = str(Path(os.environ["PG_BIN_DIR"]) / "pg_dump")
    arguments = ["--schema", FIRST, "--no-owner", "--inserts", "--rows-per-insert=1000"]
    done = subprocess.run(
        [program, *arguments],
        env={**os.environ, **login, "PGPASSWORD": database["PASSWORD"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line for line in done.stdout.splitlines() if not NOT_DDL.fullmatch(line))


if __name__ == "__main__":
    main()
