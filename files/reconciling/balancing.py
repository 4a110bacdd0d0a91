"""Whether the balance is what the rows add up to."""

from django.db import connection, transaction

from files.models import Balance
from files.quota import SUMS_SQL, compute_balance, ensure_balance
from files.reconciliation.report import DifferenceKind, ReconciliationReport

COLUMNS = ("used_bytes", "used_objects", "reserved_bytes", "reserved_objects")
# One statement and so one moment: every change of rows and balance is committed as one.
BALANCE_AND_SUMS_SQL = f"""
    SELECT sums.*, {", ".join(f"balance.{name}" for name in COLUMNS)}
    FROM ({SUMS_SQL}) AS sums CROSS JOIN files_balance AS balance
"""  # noqa: S608 - constants


def compare_balance(findings: ReconciliationReport) -> None:
    """Find whether what is counted is what the rows add up to; without a balance nothing is."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCE_AND_SUMS_SQL)
        row = cursor.fetchone()
    if row is None:
        return
    for name, true, said in zip(COLUMNS, row[:4], row[4:], strict=True):
        if true != said:
            findings.add(DifferenceKind.BALANCE, f"{name} is {said}, the rows add up to {true}")


def repair_balance() -> None:
    """Count anew with the balance locked: whoever changes rows meanwhile adds theirs after it."""
    with transaction.atomic():
        ensure_balance()
        Balance.objects.select_for_update().get(pk=Balance.ONLY)
        true = compute_balance()
        Balance.objects.filter(pk=Balance.ONLY).update(
            **{name: getattr(true, name) for name in COLUMNS}
        )
