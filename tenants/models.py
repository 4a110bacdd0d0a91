"""Tenants and the names they are reached by. Both live in the public schema."""

import uuid
from typing import Any, NoReturn

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin
from uuid6 import uuid7


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
    key_version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Raising it ends every token of the tenant."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

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
        labels = [d for d in self.domains.all() if d.kind == Domain.Kind.SUBDOMAIN]
        return next((d.domain for d in sorted(labels, key=lambda d: not d.is_primary)), "")


class Domain(DomainMixin):  # type: ignore[misc]
    """A name of a tenant: a subdomain label (``acme``) or a whole custom host name.

    A label has no dot and a custom domain has, so one unique column holds both, and the platform's
    own domain can change without touching a row.
    """

    class Kind(models.TextChoices):
        SUBDOMAIN = "subdomain", "Subdomain"
        CUSTOM = "custom", "Custom domain"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SUBDOMAIN)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-is_primary", "domain")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind="subdomain", domain__regex=r"^[a-z0-9-]{2,40}$")
                | models.Q(kind="custom", domain__contains="."),
                name="domain_form_fits_kind",
            ),
        )

    def __str__(self) -> str:
        return str(self.domain)
