from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        """Connect the receivers of signals."""
        from files import signals  # noqa: F401, PLC0415 - its import connects them
