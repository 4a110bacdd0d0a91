from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        """Connect the signal receivers."""
        from staff import signals  # noqa: F401, PLC0415 - the import connects them
