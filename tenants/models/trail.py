"""How far the audit trails were verified."""

from django.db import models

from tenants.models.tenant import Tenant


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
