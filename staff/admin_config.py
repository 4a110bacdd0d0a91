"""Configuration of Django admin, whose modules most commands do not load."""

import sys
from pathlib import Path

from django.contrib.admin.apps import AdminConfig, SimpleAdminConfig

# Commands that check or show the admin. ``aggios/urls/admin.py`` loads its modules as well, so a
# command that serves requests has the whole admin.
COMMANDS = {"check", "runserver", "shell", "testserver"}
WORKER = "tenants.fleet.worker"


class AggiosAdminConfig(AdminConfig):
    """Discovers ``admin`` modules like Django's, except in commands that have no use for them.

    Importing the admin's modules takes two fifths of the start of a command.
    """

    default = False

    def ready(self) -> None:
        """Register the checks and, where they are needed, the admin's modules."""
        if _is_other_command():
            SimpleAdminConfig.ready(self)
        else:
            super().ready()


def _is_other_command() -> bool:
    is_command = Path(sys.argv[0]).name == "manage.py" and not COMMANDS & set(sys.argv[1:2])
    return is_command or WORKER in sys.orig_argv
