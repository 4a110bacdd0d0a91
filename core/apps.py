import logging
from importlib import import_module

from django.apps import AppConfig

from core import env

log = logging.getLogger(__name__)


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register lookups and path converters, and log old names of environment variables."""
        import_module("core.db_backend.fields")
        import_module("core.api.path_converters")
        for new, old in env.RENAMED.items():
            if old in env.OLD_NAMES_READ:
                log.warning("environment_variable_renamed", extra={"old": old, "new": new})
