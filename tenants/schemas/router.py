"""Which tables are made in which schema."""

from typing import Any

from django.conf import settings
from django.db import connections
from django_tenants.routers import TenantSyncRouter
from django_tenants.utils import get_public_schema_name


class SchemaRouter(TenantSyncRouter):  # type: ignore[misc]
    """django-tenants' rule (shared apps in ``public``, tenant apps elsewhere) for every alias.

    Theirs allows one alias only; here the owner's alias migrates and the application's serves.
    """

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Refuse tables of apps that have no place in the schema the connection works in."""
        in_public = connections[db].schema_name == get_public_schema_name()  # type: ignore[attr-defined]
        apps = settings.SHARED_APPS if in_public else settings.TENANT_APPS
        return None if self.app_in_list(app_label, apps) else False
