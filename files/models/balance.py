"""What the tenant's objects take of its quota."""

from django.db import models
from django.db.models import Q


class Balance(models.Model):
    """The one row that every change of what is stored goes through, in the same transaction.

    ``used`` is the sum over versions, restored ones left out, since they share an object.
    ``reserved`` is the sum over pending uploads. Uploads at once wait for each other on this row,
    so that together they never take more than there is (files/quota.py).
    """

    ONLY = 1

    id = models.SmallIntegerField(primary_key=True, default=ONLY, editable=False)
    used_bytes = models.BigIntegerField(default=0)
    used_objects = models.BigIntegerField(default=0)
    reserved_bytes = models.BigIntegerField(default=0)
    reserved_objects = models.BigIntegerField(default=0)
    # When rows and store were last compared (files/reconciling).
    reconciled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="balance_is_one_row"),
            models.CheckConstraint(
                condition=Q(used_bytes__gte=0)
                & Q(used_objects__gte=0)
                & Q(reserved_bytes__gte=0)
                & Q(reserved_objects__gte=0),
                name="balance_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.used_bytes} bytes in {self.used_objects} objects"
