from importlib import import_module

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register what queries and routes use by name."""
        import_module("core.db_backend.fields")
        import_module("core.api.identifiers")
