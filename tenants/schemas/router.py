"""The database router: shared apps migrate in ``public``, tenant apps in tenant schemas."""

from typing import Any

from django.conf import settings
from django.db import connections
from django_tenants.routers import TenantSyncRouter
from django_tenants.utils import get_public_schema_name


class SchemaRouter(TenantSyncRouter):  # type: ignore[misc]
    """The rule of django-tenants for every database alias.

    The router of django-tenants supports one alias only; here the owner's alias migrates, and the
    application's alias serves.
    """

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Refuse tables of apps that do not belong in the connection's current schema."""
        in_public = connections[db].schema_name == get_public_schema_name()  # type: ignore[attr-defined]
        apps = settings.SHARED_APPS if in_public else settings.TENANT_APPS
        return None if self.app_in_list(app_label, apps) else False
