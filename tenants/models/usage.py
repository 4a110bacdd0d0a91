"""What a tenant holds and how much it is used."""

from django.db import models

from tenants.models.tenant import Tenant


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
