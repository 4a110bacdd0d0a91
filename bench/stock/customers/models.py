"""Tenants with the same columns as Aggios'."""

import uuid

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):  # type: ignore[misc]
    """A tenant; saving a new one creates its schema by migrations."""

    auto_create_schema = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    object_prefix = models.CharField(max_length=34, unique=True)
    status = models.CharField(max_length=12, default="active")
    suspended_reason = models.CharField(max_length=400, blank=True)
    registration = models.CharField(max_length=8, default="closed")
    key_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):  # type: ignore[misc]
    """A host name of a tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, default="subdomain")
    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.domain)
