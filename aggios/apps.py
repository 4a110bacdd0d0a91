from django.apps import AppConfig


class AggiosConfig(AppConfig):
    name = "aggios"

    def ready(self) -> None:
        """Register the system checks."""
        from aggios import checks  # noqa: F401, PLC0415 - registers by being imported
