"""Models of tenants and of what the platform stores about them. All are in the public schema."""

import uuid
from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin
from uuid6 import uuid7

from core.db_backend.fields import UpdatedAtField
from tenants.support_access.models import SupportAccess  # noqa: F401 - Django finds it here


def new_schema_name() -> str:
    """Return a random schema name. It is never reused and reveals nothing about the tenant."""
    return f"t_{uuid.uuid4().hex}"


class Tenant(TenantMixin):  # type: ignore[misc]
    """An agency: its name, its state, and the location of its data. The slug is in ``Domain``."""

    auto_create_schema = False  # tenants/services.py creates it in the caller's transaction
    auto_drop_schema = False

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        DELETING = "deleting", _("Being deleted")

    class Registration(models.TextChoices):
        CLOSED = "closed", _("By invitation")
        OPEN = "open", _("Open to everybody")

    class Maintenance(models.TextChoices):
        """The reason why a tenant's requests get a 503."""

        MIGRATION_FAILED = "migration_failed", _("A migration failed")
        RESTORING = "restoring", _("Being restored")
        CLONING = "cloning", _("Being filled from another one")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    schema_name = models.CharField(
        _("schema"), max_length=34, unique=True, default=new_schema_name, editable=False
    )
    object_prefix = models.CharField(
        _("prefix of its objects"), max_length=34, unique=True, editable=False
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status.choices, default=Status.ACTIVE
    )
    suspended_reason = models.CharField(_("reason of the suspension"), max_length=400, blank=True)
    registration = models.CharField(
        _("registration"), max_length=8, choices=Registration.choices, default=Registration.CLOSED
    )
    # Settings that the tenant's owner changes. Each app reads its own part, for example
    # accounts/permissions.py.
    settings = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), editable=False
    )
    # Limits that platform staff override (tenants/context.py).
    limits = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), editable=False
    )
    key_version = models.PositiveIntegerField(
        _("version of the signing key"),
        default=1,
        editable=False,
        help_text=_("Raising it ends every token of the workspace."),
    )
    maintenance = models.CharField(
        _("maintenance"), max_length=16, choices=Maintenance.choices, blank=True, editable=False
    )
    maintenance_since = models.DateTimeField(_("in maintenance since"), null=True, editable=False)
    maintenance_note = models.TextField(
        _("note on the maintenance"), blank=True, editable=False
    )  # for staff: the error
    deletion_requested_at = models.DateTimeField(
        _("deletion requested at"), null=True, editable=False
    )
    deletion_due_at = models.DateTimeField(
        _("deleted from"), null=True, editable=False, db_index=True
    )
    export_before_deletion = models.BooleanField(
        _("export before the deletion"), default=True, editable=False
    )
    cloned_from = models.UUIDField(_("copy of"), null=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = UpdatedAtField(_("changed at"))

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("Enter a tenant with tenants.context.tenant_context(tenant).")

    # django-tenants' own methods share one stack between all threads.
    __enter__ = __exit__ = activate = deactivate = _refuse

    @property
    def slug(self) -> str:
        """The subdomain label; empty while the tenant has none."""
        labels = [d for d in self.domains.all() if d.is_label and d.redirect_until is None]
        return next((d.domain for d in sorted(labels, key=lambda d: not d.is_primary)), "")


class Domain(DomainMixin):  # type: ignore[misc]
    """A domain of a tenant: a subdomain label (``acme``) or a complete custom host name.

    A label has no dot and a custom domain has one, so one column holds both, and the platform's
    domain can change without changing rows. A custom domain is a claim until ``verified_at`` is
    set. Several tenants may claim the same name, but only one can have it verified. A label with
    ``redirect_until`` is a former name, redirected until then.
    """

    class Kind(models.TextChoices):
        SUBDOMAIN = "subdomain", _("Subdomain")
        CUSTOM = "custom", _("Custom domain")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(_("domain"), max_length=253, db_index=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.SUBDOMAIN)
    proof_token = models.CharField(max_length=64, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.CharField(
        _("result of the last check"), max_length=40, blank=True, editable=False
    )
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    redirect_until = models.DateTimeField(
        _("redirects until"), null=True, blank=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
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
        """Whether this is a subdomain label and not a custom domain."""
        return self.kind == self.Kind.SUBDOMAIN


class Usage(models.Model):
    """The last measured usage of a tenant."""

    tenant = models.OneToOneField(
        Tenant, primary_key=True, on_delete=models.CASCADE, related_name="usage"
    )
    rows = models.BigIntegerField(default=0)
    database_bytes = models.BigIntegerField(default=0)
    objects_held = models.BigIntegerField(default=0)
    object_bytes = models.BigIntegerField(default=0)
    # Those that wait for another attempt, and those given up lately; None before it was counted.
    failed_emails = models.PositiveIntegerField(null=True)
    measured_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.measured_at}"


class RequestCount(models.Model):
    """The number of served requests of a tenant on one day (UTC)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="request_counts")
    day = models.DateField()
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("tenant", "day"), name="request_count_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day}: {self.count}"


class DailyUsage(models.Model):
    """What a tenant stored on one day (UTC), by the last measurement of that day."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="daily_usage")
    day = models.DateField()
    storage_bytes = models.BigIntegerField()
    files = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("tenant", "day"), name="daily_usage_once_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day}: {self.storage_bytes} bytes"


class DeletionCertificate(models.Model):
    """The record of a purged tenant: what it contained, and that it was deleted.

    The application's login can insert and read certificates, but not change or delete them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant_id = models.UUIDField(_("id of the workspace"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    subdomain = models.CharField(_("subdomain"), max_length=40, blank=True)
    purged_at = models.DateTimeField(_("deleted at"))
    document = models.JSONField()  # rows by table, objects, bytes, digests, export, requester
    digest = models.CharField(
        _("digest"), max_length=64
    )  # SHA-256 of the document's canonical JSON

    class Meta:
        verbose_name = _("deletion certificate")
        verbose_name_plural = _("deletion certificates")
        ordering = ("-purged_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.subdomain})"


class FleetRun(models.Model):
    """One run of a command over many tenants. Runs are reported and resumed from it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    command = models.CharField(_("command"), max_length=60)
    arguments = models.JSONField(_("arguments"), default=list)
    total = models.PositiveIntegerField(_("workspaces"), default=0)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("fleet run")
        verbose_name_plural = _("fleet runs")
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.command} {self.started_at}"


class FleetOutcome(models.Model):
    """The outcome for one tenant in a run."""

    run = models.ForeignKey(FleetRun, on_delete=models.CASCADE, related_name="outcomes")
    # Not a foreign key: a report must remain after its tenants are deleted.
    tenant_id = models.UUIDField()
    slug = models.CharField(_("subdomain"), max_length=40, blank=True)
    succeeded = models.BooleanField(_("succeeded"))
    seconds = models.FloatField(_("seconds"))
    detail = models.TextField(_("detail"), blank=True)
    at = models.DateTimeField(_("time"), auto_now_add=True)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = (
            models.UniqueConstraint(fields=("run", "tenant_id"), name="fleet_outcome_once"),
        )

    def __str__(self) -> str:
        return f"{self.slug}: {'done' if self.succeeded else 'failed'}"


class TrailHead(models.Model):
    """The verification of an audit trail: its last intact head, and the last result.

    The platform's trail has no tenant. The owner's login writes the row. So a later verification
    detects that the trail was truncated or rebuilt since. The application's login can only read it,
    and delete it with the tenant. A trail that never was intact has number 0 and no hash.
    """

    tenant = models.OneToOneField(
        Tenant, null=True, on_delete=models.CASCADE, related_name="trail_head"
    )
    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    verified_at = models.DateTimeField(null=True)  # when it was found intact
    checked_at = models.DateTimeField(null=True)  # the last verification, whatever it found
    faults = models.PositiveIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


class TenantListRequest(models.Model):
    """A request for the list of tenants in which an address is a user (accounts/email).

    It says nothing of whether there are any. The mailer deletes it when it has been answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.EmailField(max_length=254, unique=True)
    language = models.CharField(max_length=10)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.id} of {self.created_at}"
