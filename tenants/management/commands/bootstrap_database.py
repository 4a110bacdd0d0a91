"""manage.py bootstrap_database"""

from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from core import env
from tenants.schemas.bootstrap import bootstrap


class Command(BaseCommand):
    help = (
        "Create the two database logins and the database, as the server's superuser. Idempotent. "
        "Reads DATABASE_SUPERUSER_URL, DATABASE_OWNER_URL and DATABASE_URL.\n\n"
        "Example: manage.py bootstrap_database"
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("DATABASE_SUPERUSER_URL", "DATABASE_OWNER_URL", "DATABASE_URL")
        superuser, owner, runtime = (env.text(name) for name in names)
        try:
            bootstrap(superuser, owner, runtime)
        except psycopg.Error as exc:
            raise CommandError(
                f"The server refused: {str(exc).strip()}. Check DATABASE_SUPERUSER_URL."
            ) from exc
        self.stdout.write("The database and its two logins are ready.")
