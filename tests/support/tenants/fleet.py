"""A fleet on its own database server, with a tenant app that gets one release after another."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from devstack.environment import inherited_environment
from devstack.home import CHECKOUT
from devstack.testing import TestStack

CAST = ("ann", "bob", "cat", "dan")
SETTINGS = """
from aggios.settings import *
TENANT_APPS = [*TENANT_APPS, "ledger"]
INSTALLED_APPS = [*INSTALLED_APPS, "ledger"]
"""
FIRST = """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Entry", [("id", models.BigAutoField(primary_key=True))])]
"""
NEXT = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
{prelude}
class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("ledger", "{before}")]
    operations = [{operations}]
"""
FIELD = 'migrations.AddField("entry", "{}", models.IntegerField(null=True))'
SLOW = 'migrations.RunSQL("SELECT pg_sleep(0.6)")'
MAKE = """
import sys, django
django.setup()
from django.db import transaction
from audit.services import SYSTEM
from tenants.services import create_tenant
with transaction.atomic():
    for slug in sys.argv[1:]:
        create_tenant(name=slug, subdomain=slug, actor=SYSTEM)
    print("made", flush=True)
    sys.stdin.readline()
"""


class Fleet:
    """Runs ``manage.py`` as an operator does, and queries the database as its superuser."""

    def __init__(self, stack: TestStack, project: Path) -> None:
        self._migrations = project / "ledger" / "migrations"
        self._migrations.mkdir(parents=True)
        (project / "fleet_settings.py").write_text(SETTINGS)
        for package in (project / "ledger", self._migrations):
            (package / "__init__.py").touch()
        (self._migrations / "m0.py").write_text(FIRST)
        self._number = itertools.count(1)
        self._last = "m0"
        path = f"{project}:{CHECKOUT}"
        settings = {"DJANGO_SETTINGS_MODULE": "fleet_settings", "PYTHONPATH": path}
        self._env = {
            **inherited_environment(),
            **stack.env,
            **settings,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.url = urlsplit(stack.env["DATABASE_SUPERUSER_URL"])._replace(path="/aggios").geturl()
        self.manage("bootstrap_database")
        self.manage("migrate_schemas")
        self.database = psycopg.connect(self.url, autocommit=True)

    def release(self, *operations: str, prelude: str = "", atomic: bool = True) -> str:
        """Add a release with one migration and return its name. Without operations it adds a field.

        ``prelude`` is code that the operations use.
        """
        name = f"m{next(self._number)}"
        words = ", ".join(operations or [FIELD.format(name)])
        text = NEXT.format(before=self._last, operations=words, prelude=prelude, atomic=atomic)
        (self._migrations / f"{name}.py").write_text(text)
        self._last = name
        return name

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of manage.py."""
        return self._popen("manage.py", *arguments)

    def manage(self, *arguments: str, status: int = 0) -> str:
        """Run a command of manage.py, check its exit status, and return its output."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == status, out + err
        return out

    def migrate(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """Run migrate_schemas and return its report."""
        return json.loads(self.manage("migrate_schemas", "--json", *arguments, status=status))

    def begin_to_make(self, *slugs: str) -> subprocess.Popen[str]:
        """Create tenants in a transaction that is committed when the input is closed."""
        process = self._popen("-c", MAKE, *slugs)
        assert process.stdout.readline() == "made\n", process.stderr.read()
        return process

    def make(self, *slugs: str) -> None:
        """Create tenants."""
        with self.begin_to_make(*slugs) as process:
            process.communicate("\n", timeout=60)

    def ask(self, question: str, *values: Any) -> list[tuple]:
        """Query the database as superuser."""
        cursor = self.database.execute(question, values)
        return cursor.fetchall() if cursor.description else []

    def schemas(self) -> dict[str, str]:
        """Return the schema of each tenant by its subdomain, oldest first."""
        return dict(
            self.ask(
                "SELECT d.domain, t.schema_name FROM tenants_tenant t "
                "JOIN tenants_domain d ON d.tenant_id = t.id ORDER BY t.created_at"
            )
        )

    def at(self, migration: str) -> set[str]:
        """Return the tenants whose history has this migration exactly once."""
        found = set()
        for slug, schema in self.schemas().items():
            question = f"SELECT count(*) FROM {schema}.django_migrations WHERE name = %s"
            if self.ask(question, migration) == [(1,)]:
                found.add(slug)
        return found

    def is_well(self) -> bool:
        """Return whether all tenants have the last release and are served."""
        return self.at(self._last) == set(self.schemas()) and not self.broken()

    def broken(self) -> dict[str, str]:
        """Return the notes of the tenants in maintenance for a failed migration."""
        return dict(
            self.ask(
                "SELECT d.domain, t.maintenance_note FROM tenants_tenant t "
                "JOIN tenants_domain d ON d.tenant_id = t.id "
                "WHERE t.maintenance = 'migration_failed'"
            )
        )

    def _popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=CHECKOUT,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
