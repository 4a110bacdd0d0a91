"""Django admin, without its modules in processes that never show it."""

import sys

from django.contrib.admin.apps import AdminConfig, SimpleAdminConfig

# Importing what staff see is two fifths of what a command of the fleet takes to start.
COMMANDS = {"migrate_schemas", "migrate", "fleet"}
WORKER = "tenants.fleet.worker"


class AggiosAdminConfig(AdminConfig):
    """Looks for ``admin`` modules as Django's own does, but in the commands of the fleet."""

    default = False

    def ready(self) -> None:
        """Register the checks, and what staff see where it may be seen."""
        if _is_fleet():
            SimpleAdminConfig.ready(self)
        else:
            super().ready()


def _is_fleet() -> bool:
    return bool(COMMANDS & set(sys.argv[1:2])) or WORKER in sys.orig_argv
