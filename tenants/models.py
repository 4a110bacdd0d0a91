"""An agency. Its row lives in the public schema, its people and files in a schema of its own."""

import uuid
from typing import Any, NoReturn

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin
from uuid6 import uuid7

from core.db_backend.fields import UpdatedAtField


def new_schema_name() -> str:
    """Return an opaque schema name. It is never reused and says nothing about the tenant."""
    return f"t_{uuid.uuid4().hex}"


class Tenant(TenantMixin):  # type: ignore[misc]
    """An agency: its name, its state, and where its data is. The slug lives in ``Domain``."""

    auto_create_schema = False  # tenants/services.py does it, in the caller's transaction
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


# The names that a tenant is reached by.
class Domain(DomainMixin):  # type: ignore[misc]
    """A name of a tenant: a subdomain label (``acme``) or a whole custom host name.

    A label has no dot and a custom domain has, so one column holds both, and the platform's own
    domain can change without touching a row. A custom domain is a claim until ``verified_at`` is
    set: any number of tenants may claim a name, one may have proved it. A label with
    ``redirect_until`` is a former one, whose links are redirected until then.
    """

    class Kind(models.TextChoices):
        SUBDOMAIN = "subdomain", "Subdomain"
        CUSTOM = "custom", "Custom domain"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253, db_index=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SUBDOMAIN)
    proof_token = models.CharField(max_length=64, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.CharField(max_length=40, blank=True, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    redirect_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-is_primary", "domain")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind="subdomain", domain__regex=r"^[a-z0-9-]{2,40}$")
                | models.Q(kind="custom", domain__contains="."),
                name="domain_form_fits_kind",
            ),
            models.UniqueConstraint(
                fields=("domain",),
                condition=models.Q(kind="subdomain") | models.Q(verified_at__isnull=False),
                name="domain_leads_to_one_tenant",
            ),
            models.UniqueConstraint(fields=("tenant", "domain"), name="domain_once_per_tenant"),
        )

    def __str__(self) -> str:
        return str(self.domain)

    @property
    def is_label(self) -> bool:
        """Whether this is a subdomain label rather than a whole host name."""
        return self.kind == self.Kind.SUBDOMAIN


# What a tenant holds and how much it is used.
class Usage(models.Model):
    """What a tenant held when it was last measured."""

    tenant = models.OneToOneField(
        Tenant, primary_key=True, on_delete=models.CASCADE, related_name="usage"
    )
    rows = models.BigIntegerField(default=0)
    database_bytes = models.BigIntegerField(default=0)
    objects_held = models.BigIntegerField(default=0)
    object_bytes = models.BigIntegerField(default=0)
    measured_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.measured_at}"


class RequestCount(models.Model):
    """How many requests a tenant was served on one day (UTC)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="request_counts")
    day = models.DateField()
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("tenant", "day"), name="request_count_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day}: {self.count}"


# What is kept of tenants that are gone.
class DeletionCertificate(models.Model):
    """What is kept of a tenant that was purged: what it held, and that it is gone.

    The application's login can add and read certificates, not change or remove them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant_id = models.UUIDField(unique=True)
    name = models.CharField(max_length=120)
    subdomain = models.CharField(max_length=40, blank=True)
    purged_at = models.DateTimeField()
    document = models.JSONField()  # rows by table, objects, bytes, digests, export, who asked
    digest = models.CharField(max_length=64)  # SHA-256 of the document's canonical JSON

    class Meta:
        ordering = ("-purged_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.subdomain})"


# Runs of one command over many tenants.
class FleetRun(models.Model):
    """One run of a command over many tenants, so that it can be looked at and resumed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    command = models.CharField(max_length=60)
    arguments = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.command} {self.started_at}"


class FleetOutcome(models.Model):
    """What became of one tenant in a run."""

    run = models.ForeignKey(FleetRun, on_delete=models.CASCADE, related_name="outcomes")
    # Not a foreign key: a report must outlive the tenants that it tells of.
    tenant_id = models.UUIDField()
    slug = models.CharField(max_length=40, blank=True)
    succeeded = models.BooleanField()
    seconds = models.FloatField()
    detail = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "tenant_id"), name="fleet_outcome_once"),
        )

    def __str__(self) -> str:
        return f"{self.slug}: {'done' if self.succeeded else 'failed'}"


# How far the audit trails were verified.


class TrailHead(models.Model):
    """Where a trail ended when it was last found whole; without a tenant, the platform's own.

    The owner writes it, so that a trail which was cut off or made anew since can be told from one
    that merely grew. The application's login can only read it, and delete it with the tenant.
    """

    tenant = models.OneToOneField(
        Tenant, null=True, on_delete=models.CASCADE, related_name="trail_head"
    )
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    verified_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"
