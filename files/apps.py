from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        """Register the receivers of signals."""
        from files import personal_data  # noqa: F401, PLC0415 - its import registers them
