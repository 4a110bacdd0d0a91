"""Storage quota of a tenant: reserved before the first byte, committed when a file is created.

One row (``Balance``) is changed by one statement, in the transaction that creates or ends what it
counts. That statement checks the limit and locks the row until the commit, so concurrent uploads
cannot exceed the limit together. ``manage.py reconcile_storage`` compares the row with the sums.
Other rows are always locked before this one, so there are no deadlocks.
"""

from collections.abc import Mapping

from django.db import connection
from django.db.models import Count, F, Sum, Value

from files.models import Balance, FileVersion
from files.problems import QuotaExceeded
from tenants.context import current_tenant, limits_of
from tenants.usage import UsageTotals

# The sums over all rows, in one statement and therefore in one snapshot.
SUMS_SQL = """
    SELECT stored.size AS used_bytes, stored.count AS used_objects,
           pending.size AS reserved_bytes, pending.count AS reserved_objects
    FROM (SELECT coalesce(sum(size), 0)::bigint AS size, count(*) AS count
          FROM files_fileversion WHERE restored_from_id IS NULL) AS stored,
         (SELECT coalesce(sum(reserved_bytes), 0)::bigint AS size, count(*) AS count
          FROM files_upload WHERE state = 'pending') AS pending
"""
# Computed once, before the tenant's first object: a schema may have files but no balance yet.
INITIAL_BALANCE_SQL = f"""
    INSERT INTO files_balance (id, used_bytes, used_objects, reserved_bytes, reserved_objects)
    SELECT {Balance.ONLY}, sums.* FROM ({SUMS_SQL}) AS sums
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants


def reserve(size: int, objects: int = 1) -> None:
    """Reserve quota for a pending upload, in its transaction. Raises: QuotaExceeded."""
    limits = limits_of(current_tenant())
    conditions = {}
    if limits.storage_bytes is not None and size:
        conditions["used_bytes__lte"] = Value(limits.storage_bytes - size) - F("reserved_bytes")
    if limits.storage_objects is not None and objects:
        conditions["used_objects__lte"] = Value(limits.storage_objects - objects) - F(
            "reserved_objects"
        )
    if _update_balance(conditions, reserved_bytes=size, reserved_objects=objects):
        return
    # Either the row is missing or the quota is exceeded. This is checked only now, because the row
    # nearly always exists. Another transaction may have created it since.
    ensure_balance()
    if not _update_balance(conditions, reserved_bytes=size, reserved_objects=objects):
        raise QuotaExceeded(members={"quota": usage_and_limits()})


def check_quota(size: int) -> None:
    """Check that an object of ``size`` bytes is within the quota, without a reservation.

    Raises: QuotaExceeded.
    """
    quota = usage_and_limits()
    taken = (quota["used_bytes"] or 0) + (quota["reserved_bytes"] or 0)
    if quota["storage_bytes"] is not None and size > quota["storage_bytes"] - taken:
        raise QuotaExceeded(members={"quota": quota})


def release_reservation(size: int) -> None:
    """Release the reservation of an upload that ends without a file, in its transaction."""
    _update_balance({}, reserved_bytes=-size, reserved_objects=-1)


def commit_reservation(size: int, *, reserved: int) -> None:
    """Turn the reservation of an upload into usage, in the transaction that creates its version."""
    _update_balance(
        {},
        used_bytes=size,
        used_objects=1,
        reserved_bytes=-reserved,
        reserved_objects=-1,
    )


def release_usage(size: int, objects: int) -> None:
    """Subtract objects whose rows were deleted, in the transaction that deleted them."""
    _update_balance({}, used_bytes=-size, used_objects=-objects)


def usage_and_limits() -> dict[str, int | None]:
    """Return limits, usage and reservations in bytes and objects; a limit of None is unlimited."""
    limits = limits_of(current_tenant())
    balance = Balance.objects.filter(pk=Balance.ONLY).first() or compute_balance()
    return {
        "storage_bytes": limits.storage_bytes,
        "storage_objects": limits.storage_objects,
        "used_bytes": balance.used_bytes,
        "used_objects": balance.used_objects,
        "reserved_bytes": balance.reserved_bytes,
        "reserved_objects": balance.reserved_objects,
    }


def compute_balance() -> Balance:
    """Return an unsaved balance computed from the rows; a cloned tenant has no saved one yet."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL)
        return Balance(Balance.ONLY, *cursor.fetchone())


def ensure_balance() -> None:
    """Create the tenant's balance if it has none.

    Call it before the transaction changes what the balance sums. Concurrent transactions wait on
    its key, and the second one leaves it unchanged.
    """
    if not Balance.objects.filter(pk=Balance.ONLY).exists():
        with connection.cursor() as cursor:
            cursor.execute(INITIAL_BALANCE_SQL)


def measure_stored_objects() -> UsageTotals:
    """Return the number and bytes of stored objects: every version, including those in the trash.

    Pending uploads, and ended ones that are not cleaned up yet, are not included.
    """
    versions = FileVersion.objects.filter(restored_from=None)  # restored versions share an object
    totals = versions.aggregate(count=Count("pk"), size=Sum("size"))
    return UsageTotals(totals["count"], totals["size"] or 0)


def _update_balance(conditions: Mapping[str, object], **changes: int) -> int:
    row = Balance.objects.filter(pk=Balance.ONLY, **conditions)
    return row.update(**{name: F(name) + amount for name, amount in changes.items()})
