from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "staff"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Connect the signal receivers."""
        from staff import signals  # noqa: F401, PLC0415 - the import connects them
