"""What is kept of tenants that are gone."""

from django.db import models
from uuid6 import uuid7


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
