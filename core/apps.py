from importlib import import_module

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        """Register what queries and routes use by name."""
        import_module("core.searching")
        import_module("core.identifiers")
