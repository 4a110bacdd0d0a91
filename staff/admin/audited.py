"""Every change made in the admin is in the audit trail, with who made it."""

from typing import Any

from django.db import models, transaction
from django.http import HttpRequest

from audit.services import Target, record
from staff.actors import admin_actor
from staff.admin.base import StaffModelAdmin


class AuditedAdmin(StaffModelAdmin):
    """Records additions, changes and deletions as ``{kind}.created`` and so on.

    Django calls these hooks inside the transaction of the change.
    """

    kind = ""

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """Record a new object."""
        self._record(request, "created", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        """Record which fields of an object were changed; never their values."""
        with transaction.atomic():
            self._record(request, "updated", obj, changes=message)
            return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record objects that are about to be deleted."""
        for obj in queryset:
            self._record(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, verb: str, obj: models.Model, **details: Any) -> None:
        target = Target(self.kind, str(obj.pk), str(obj))
        record(f"{self.kind}.{verb}", actor=admin_actor(request), target=target, **details)
