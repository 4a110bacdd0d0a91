"""manage.py migrate_schemas"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from tenants.database.fleet import behind, with_history
from tenants.database.migrating import migrate_public, migrate_tenant_schema
from tenants.database.owner import install_functions, owner_connection
from tenants.database.template import refresh_template
from tenants.models import Tenant

FLEET_LOCK = 0x4147474F  # any number, the same in every process


class Command(BaseCommand):
    help = (
        "Bring the public schema, the template and every tenant that is behind up to date, as the "
        "owner. One tenant that fails does not stop the others; the exit status tells.\n\n"
        "Example: manage.py migrate_schemas"
    )
    requires_system_checks: list[str] = []
    autodetector = MigrationAutodetector  # Django's checks compare it with makemigrations'

    def handle(self, *args: Any, **options: Any) -> None:
        with owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [FLEET_LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError("Another migrate_schemas is running.")
            try:
                self._migrate()
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [FLEET_LOCK])

    def _migrate(self) -> None:
        install_functions()
        count = migrate_public(self._report)
        self.stdout.write(f"public: {count} migrations run")
        rebuilt = refresh_template(self._report)
        self.stdout.write(f"template: {'rebuilt' if rebuilt else 'up to date'}")
        schemas = _schemas()
        late = behind(schemas)
        failed = [schema for schema in late if not self._migrate_one(schema)]
        self.stdout.write(f"tenants: {len(schemas)}, migrated {len(late) - len(failed)}")
        if failed:
            raise CommandError(f"{len(failed)} failed: {', '.join(failed)}")

    def _migrate_one(self, schema: str) -> bool:
        try:
            migrate_tenant_schema(schema, self._report)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the others must go on
            self.stderr.write(f"{schema}: {str(exc).strip() or type(exc).__name__}")
            return False
        return True

    def _report(self, line: str) -> None:
        self.stdout.write(f"  {line}")


def _schemas() -> list[str]:
    """Return every tenant's schema, but not those that a deletion has dropped already."""
    rows = Tenant.objects.using("owner").values_list("schema_name", "status")
    there = set(with_history([schema for schema, _ in rows]))
    return [schema for schema, status in rows if schema in there or status != "deleting"]
