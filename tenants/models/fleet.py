"""Runs of one command over many tenants."""

from django.db import models
from uuid6 import uuid7


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
