"""What the tenant that the code runs in keeps in the object store, by its own record."""

from django.db.models import Count, Sum

from files.models import FileVersion
from tenants.usage import UsageTotals


def measure_stored_objects() -> UsageTotals:
    """Return how many objects there are and their bytes: every version, the trash's too.

    An upload that is under way, or was broken off and not cleared away yet, is not in it.
    """
    kept = FileVersion.objects.filter(restored_from=None)  # those share their object
    found = kept.aggregate(count=Count("pk"), size=Sum("size"))
    return UsageTotals(found["count"], found["size"] or 0)
