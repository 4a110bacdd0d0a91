from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "staff"

    def ready(self) -> None:
        """Listen to log-ins."""
        from staff import signals  # noqa: F401, PLC0415 - listens by being imported
