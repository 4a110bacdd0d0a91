"""An agency. Its row lives in the public schema, its people and files in a schema of its own."""

import uuid
from typing import Any, NoReturn

from django.db import models
from django_tenants.models import TenantMixin
from uuid6 import uuid7

from core.db_backend.fields import UpdatedAtField


def new_schema_name() -> str:
    """Return an opaque schema name. It is never reused and says nothing about the tenant."""
    return f"t_{uuid.uuid4().hex}"


class Tenant(TenantMixin):  # type: ignore[misc]
    """An agency: its name, its state, and where its data is. The slug lives in ``Domain``."""

    auto_create_schema = False  # tenants/provisioning.py does it, in the caller's transaction
    auto_drop_schema = False

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        DELETING = "deleting", "Being deleted"

    class Registration(models.TextChoices):
        CLOSED = "closed", "By invitation"
        OPEN = "open", "Open to everybody"

    class Maintenance(models.TextChoices):
        """Why a tenant's requests are answered 503 while everybody else is served."""

        MIGRATION_FAILED = "migration_failed", "A migration failed"
        RESTORING = "restoring", "Being restored"
        CLONING = "cloning", "Being filled from another one"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    schema_name = models.CharField(
        max_length=34, unique=True, default=new_schema_name, editable=False
    )
    object_prefix = models.CharField(max_length=34, unique=True, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    suspended_reason = models.CharField(max_length=400, blank=True)
    registration = models.CharField(
        max_length=8, choices=Registration.choices, default=Registration.CLOSED
    )
    # What a workspace decides for itself; each room reads its own part (accounts/tenant_policy.py).
    settings = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), editable=False
    )
    # What platform staff set apart from what everybody gets (tenants/limits.py).
    limits = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), editable=False
    )
    key_version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Raising it ends every token of the tenant."
    )
    maintenance = models.CharField(
        max_length=16, choices=Maintenance.choices, blank=True, editable=False
    )
    maintenance_since = models.DateTimeField(null=True, editable=False)
    maintenance_note = models.TextField(blank=True, editable=False)  # for staff: the error
    deletion_requested_at = models.DateTimeField(null=True, editable=False)
    deletion_due_at = models.DateTimeField(null=True, editable=False, db_index=True)
    export_before_deletion = models.BooleanField(default=True, editable=False)
    cloned_from = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = UpdatedAtField()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("Enter a tenant with tenants.context.tenant_context(tenant).")

    # django-tenants' own ways in share one stack between all threads.
    __enter__ = __exit__ = activate = deactivate = _refuse

    @property
    def slug(self) -> str:
        """The subdomain label; empty while the tenant has none."""
        labels = [d for d in self.domains.all() if d.is_label and d.redirect_until is None]
        return next((d.domain for d in sorted(labels, key=lambda d: not d.is_primary)), "")
