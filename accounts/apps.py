from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Connect the receivers of tenant signals."""
        from accounts import signals  # noqa: F401, PLC0415 - listens by being imported
