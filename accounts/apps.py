from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Listen to what happens to tenants."""
        from accounts import signals  # noqa: F401, PLC0415 - listens by being imported
