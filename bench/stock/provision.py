"""What a benchmark does in a process with the stock project's settings, other than serving.

python -m bench.stock.provision create         a tenant for each name on standard input, timed
python -m bench.stock.provision fleet COUNT    so many tenants: one by migrations, others by copy
python -m bench.stock.provision populate       a tenant with a user; prints an access token
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django_tenants.utils import schema_context  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402
from rich.progress import track  # noqa: E402

from bench.harness.alternation import serve  # noqa: E402
from bench.harness.report import console  # noqa: E402
from bench.stock.customers.models import Client, Domain  # noqa: E402

FIRST = "fleet0"
# psql's own commands and the settings of its session.
NOT_DDL = re.compile(r"--.*|\\.*|SELECT pg_catalog\.set_config\(.*|SET .*")


def create(name: str) -> None:
    """Save a tenant, which creates and migrates its schema, and its host name."""
    tenant = Client(schema_name=name, name=name, object_prefix=name)
    tenant.save(verbosity=0)
    Domain.objects.create(domain=f"{name}.stock.localhost", tenant=tenant)


def create_fleet(count: str) -> None:
    """Create the first tenant by migrations, the others by a copy: the same result in less time."""
    create(FIRST)
    dump = _dump()
    numbers = range(1, int(count))
    for number in track(numbers, "Tenants of stock", console=console, transient=True):
        _copy(dump, f"fleet{number}")


def _dump() -> str:
    """Return the schema of the first tenant as SQL, with the record of its migrations."""
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


def _copy(dump: str, name: str) -> None:
    Client.auto_create_schema = False
    with transaction.atomic(), connection.cursor() as cursor:
        tenant = Client.objects.create(schema_name=name, name=name, object_prefix=name)
        Domain.objects.create(domain=f"{name}.stock.localhost", tenant=tenant)
        cursor.execute(re.sub(rf"\b{FIRST}\b", name, dump))


def populate() -> None:
    """Create the tenant ``acme`` with Ada as its owner and print an access token."""
    create("acme")
    with schema_context("acme"):
        user = get_user_model().objects.create(
            email="ada@acme.test", first_name="Ada", last_name="Lovelace", role="owner"
        )
        print(AccessToken.for_user(user))


COMMANDS = {"create": lambda: serve(create), "fleet": create_fleet, "populate": populate}

if __name__ == "__main__":
    call_command("migrate_schemas", shared=True, verbosity=0)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
