"""Reconciling one tenant: the one it is called in."""

import logging

from django.db import connection, transaction
from django.utils import timezone

from audit.services import SYSTEM, Target, record
from files.models import Balance
from files.quota import SUMS_SQL, compute_balance, ensure_balance
from files.reconciliation.compare import compare_noncurrent_versions, compare_objects
from files.reconciliation.inventory import (
    ListedMultipart,
    abort_listed_multipart,
    is_expected_multipart,
    list_multiparts,
)
from files.reconciliation.options import ReconciliationOptions
from files.reconciliation.report import DifferenceKind, ReconciliationReport
from files.uploads.cleanup import clean_up_due, due_for_cleanup
from files.uploads.start_deadline import past_start_deadline
from tenants.context import current_tenant

CLEANUP_BATCH_SIZE = 100


log = logging.getLogger(__name__)


COLUMNS = ("used_bytes", "used_objects", "reserved_bytes", "reserved_objects")


# One statement and so one moment: every change of rows and balance is committed as one.
BALANCE_AND_SUMS_SQL = f"""
    SELECT sums.*, {", ".join(f"balance.{name}" for name in COLUMNS)}
    FROM ({SUMS_SQL}) AS sums CROSS JOIN files_balance AS balance
"""  # noqa: S608 - constants


def reconcile(work: ReconciliationOptions) -> ReconciliationReport:
    """Compare the tenant's balance, rows and store, and repair what ``work`` says.

    Removed is what no row stands for; a version without its object is told of and never removed.
    Can be cut off and repeated. Raises StorageUnavailable.
    """
    findings = ReconciliationReport()
    if work.fix or work.settle:
        clean_up_all()
    findings.unsettled = due_for_cleanup().count()
    compare_objects(work, findings)
    compare_noncurrent_versions(work, findings)
    _compare_multiparts(work, findings)
    compare_balance(findings)
    if work.fix and findings.found[DifferenceKind.BALANCE].count:
        repair_balance()
        findings.fixed(DifferenceKind.BALANCE, findings.found[DifferenceKind.BALANCE].count)
    _record_result(work, findings)
    return findings


def clean_up_all() -> int:
    """Finish every upload that ended badly or late, as long as the store lets go; return how many.

    Raises nothing of the store: what it does not clear stays due.
    """
    settled, left = 0, _count_due()
    while left:
        clean_up_due(CLEANUP_BATCH_SIZE)
        before, left = left, _count_due()
        if left >= before:
            break
        settled += before - left
    return settled


def _count_due() -> int:
    return due_for_cleanup().count() + past_start_deadline().count()


def _compare_multiparts(work: ReconciliationOptions, findings: ReconciliationReport) -> None:
    for page in list_multiparts():
        for upload in page:
            if not is_expected_multipart(upload):
                _check_multipart(upload, work, findings)


def _check_multipart(
    upload: ListedMultipart, work: ReconciliationOptions, findings: ReconciliationReport
) -> None:
    if upload.since is not None and upload.since > work.before:
        findings.young += 1
        return
    may_repair = work.may_repair()
    if is_expected_multipart(upload):
        return
    findings.add(DifferenceKind.MULTIPART, f"{upload.name}, upload {upload.id[:40]}")
    if may_repair:
        abort_listed_multipart(upload)
        findings.fixed(DifferenceKind.MULTIPART)


def _record_result(work: ReconciliationOptions, findings: ReconciliationReport) -> None:
    """Write down when it was done, on the tenant's record if something was changed."""
    with transaction.atomic():
        ensure_balance()
        Balance.objects.filter(pk=Balance.ONLY).update(reconciled_at=timezone.now())
        if work.fix and findings.counts():
            tenant = current_tenant()
            target = Target("tenant", str(tenant.id), tenant.name)
            record(
                "storage.reconciled",
                actor=SYSTEM,
                target=target,
                found=findings.counts(),
                left=findings.left,
            )
    if findings.left:
        log.warning(
            "storage_differences_found", extra={"left": findings.left, **_log_fields(findings)}
        )


def _log_fields(findings: ReconciliationReport) -> dict[str, int]:
    return {f"found_{kind}": count for kind, count in findings.counts().items()}


# Whether the balance is what the rows add up to.


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
