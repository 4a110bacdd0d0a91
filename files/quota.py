"""What a tenant's objects may take: reserved before the first byte, counted when they are kept.

One row (``Balance``) is changed by one statement, in the transaction that makes or ends what it
counts. That statement checks the limit and locks the row until the commit, so uploads at once never
overrun it together; ``manage.py reconcile_storage`` compares it with the rows. Whoever locks other
rows as well locks them first.
"""

from collections.abc import Mapping

from django.db import connection
from django.db.models import Count, F, Sum, Value

from files.models import Balance, FileVersion
from files.problems import QuotaExceeded
from tenants.context import current_tenant
from tenants.limits import limits_of
from tenants.usage import UsageTotals

# What the rows add up to, in one statement and so at one moment.
SUMS_SQL = """
    SELECT kept.size AS used_bytes, kept.count AS used_objects,
           pending.size AS reserved_bytes, pending.count AS reserved_objects
    FROM (SELECT coalesce(sum(size), 0)::bigint AS size, count(*) AS count
          FROM files_fileversion WHERE restored_from_id IS NULL) AS kept,
         (SELECT coalesce(sum(reserved_bytes), 0)::bigint AS size, count(*) AS count
          FROM files_upload WHERE state = 'pending') AS pending
"""


# Counted once, when the tenant's first object comes: a schema may be older than its balance.
INITIAL_BALANCE_SQL = f"""
    INSERT INTO files_balance (id, used_bytes, used_objects, reserved_bytes, reserved_objects)
    SELECT {Balance.ONLY}, sums.* FROM ({SUMS_SQL}) AS sums
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants


def reserve(size: int, objects: int = 1) -> None:
    """Set an amount apart for a pending upload, in its transaction. Raises QuotaExceeded."""
    limits = limits_of(current_tenant())
    fits = {}
    if limits.storage_bytes is not None and size:
        fits["used_bytes__lte"] = Value(limits.storage_bytes - size) - F("reserved_bytes")
    if limits.storage_objects is not None and objects:
        fits["used_objects__lte"] = Value(limits.storage_objects - objects) - F("reserved_objects")
    if _update_balance(fits, reserved_bytes=size, reserved_objects=objects):
        return
    # No row, or no room: which of the two is asked only now, because nearly always there is a row.
    # It may be there since a moment ago, made by somebody else.
    ensure_balance()
    if not _update_balance(fits, reserved_bytes=size, reserved_objects=objects):
        raise QuotaExceeded(members={"quota": usage_and_limits()})


def check_quota(size: int) -> None:
    """Raise QuotaExceeded if an object of so many bytes does not fit now. Reserves nothing."""
    now = usage_and_limits()
    limit, taken = now["storage_bytes"], (now["used_bytes"] or 0) + (now["reserved_bytes"] or 0)
    if limit is not None and size > limit - taken:
        raise QuotaExceeded(members={"quota": now})


def release_reservation(size: int) -> None:
    """Give back what an upload had reserved that ends without a file, in its transaction."""
    _update_balance({}, reserved_bytes=-size, reserved_objects=-1)


def commit_reservation(size: int, *, reserved: int) -> None:
    """Count an object that was kept in place of what was reserved for it, in its transaction."""
    _update_balance(
        {},
        used_bytes=size,
        used_objects=1,
        reserved_bytes=-reserved,
        reserved_objects=-1,
    )


def release_usage(size: int, objects: int) -> None:
    """Stop counting objects whose rows were deleted, in the transaction that deleted them."""
    _update_balance({}, used_bytes=-size, used_objects=-objects)


def usage_and_limits() -> dict[str, int | None]:
    """Return the limits and what is taken of them, in bytes and objects; None is no limit."""
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
    """Return what the balance should be by the rows, not saved: a copied tenant has none yet."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL)
        return Balance(Balance.ONLY, *cursor.fetchone())


def ensure_balance() -> None:
    """Make the tenant's balance if it has none.

    Call before the transaction changes what it sums. Two who make it at once wait for each other on
    its key, and the second leaves it as it is.
    """
    if not Balance.objects.filter(pk=Balance.ONLY).exists():
        with connection.cursor() as cursor:
            cursor.execute(INITIAL_BALANCE_SQL)


def _update_balance(fits: Mapping[str, object], **by: int) -> int:
    row = Balance.objects.filter(pk=Balance.ONLY, **fits)
    return row.update(**{name: F(name) + amount for name, amount in by.items()})


# What the tenant that the code runs in keeps in the object store, by its own record.


def measure_stored_objects() -> UsageTotals:
    """Return how many objects there are and their bytes: every version, the trash's too.

    An upload that is under way, or was broken off and not cleared away yet, is not in it.
    """
    kept = FileVersion.objects.filter(restored_from=None)  # those share their object
    found = kept.aggregate(count=Count("pk"), size=Sum("size"))
    return UsageTotals(found["count"], found["size"] or 0)
