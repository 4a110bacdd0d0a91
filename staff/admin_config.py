"""Configuration of Django admin, which commands of the fleet do not load."""

import sys

from django.contrib.admin.apps import AdminConfig, SimpleAdminConfig

# Importing the admin's modules takes two fifths of the start of a fleet command.
COMMANDS = {"migrate_schemas", "migrate", "fleet"}
WORKER = "tenants.fleet.worker"


class AggiosAdminConfig(AdminConfig):
    """Discovers ``admin`` modules like Django's, except in commands of the fleet."""

    default = False

    def ready(self) -> None:
        """Register the checks and, outside of the fleet, the admin's modules."""
        if _is_fleet():
            SimpleAdminConfig.ready(self)
        else:
            super().ready()


def _is_fleet() -> bool:
    return bool(COMMANDS & set(sys.argv[1:2])) or WORKER in sys.orig_argv
