from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        """Listen to what happens to people."""
        from files import personal_data  # noqa: F401, PLC0415 - listens by being imported
