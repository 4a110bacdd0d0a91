"""Reconciliation of the current tenant: balance, rows and store are compared and repaired."""

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
from files.uploads.user_limits import past_start_deadline
from tenants.context import current_tenant

CLEANUP_BATCH_SIZE = 100
COLUMNS = ("used_bytes", "used_objects", "reserved_bytes", "reserved_objects")
# One statement, so one snapshot: rows and balance are always changed in one transaction.
BALANCE_AND_SUMS_SQL = f"""
    SELECT sums.*, {", ".join(f"balance.{name}" for name in COLUMNS)}
    FROM ({SUMS_SQL}) AS sums CROSS JOIN files_balance AS balance
"""  # noqa: S608 - constants
log = logging.getLogger(__name__)


def reconcile(options: ReconciliationOptions) -> ReconciliationReport:
    """Compare the tenant's balance, rows and store; repair what ``options`` allow.

    Objects without a row are deleted. Versions without an object are reported and never deleted. An
    interrupted run can be repeated. Raises: StorageUnavailable.
    """
    report = ReconciliationReport()
    if options.fix or options.clean_up:
        clean_up_all()
    report.unsettled = due_for_cleanup().count()
    compare_objects(options, report)
    compare_noncurrent_versions(options, report)
    _compare_multiparts(options, report)
    compare_balance(report)
    if options.fix and report.differences[DifferenceKind.BALANCE].count:
        repair_balance()
        count = report.differences[DifferenceKind.BALANCE].count
        report.add_fixed(DifferenceKind.BALANCE, count)
    _record_result(options, report)
    return report


def clean_up_all() -> int:
    """Finish all failed and late uploads; return how many.

    What the store does not delete stays due; no error is raised for it.
    """
    finished, remaining = 0, _count_due()
    while remaining:
        clean_up_due(CLEANUP_BATCH_SIZE)
        before, remaining = remaining, _count_due()
        if remaining >= before:
            break
        finished += before - remaining
    return finished


def compare_balance(report: ReconciliationReport) -> None:
    """Report columns of the balance that differ from the sums; a missing balance is no error."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCE_AND_SUMS_SQL)
        row = cursor.fetchone()
    if row is None:
        return
    for name, expected, actual in zip(COLUMNS, row[:4], row[4:], strict=True):
        if expected != actual:
            example = f"{name} is {actual}, the rows add up to {expected}"
            report.add(DifferenceKind.BALANCE, example)


def repair_balance() -> None:
    """Compute the balance again under its lock, so that concurrent changes are added after it."""
    with transaction.atomic():
        ensure_balance()
        Balance.objects.select_for_update().get(pk=Balance.ONLY)
        computed = compute_balance()
        columns = {name: getattr(computed, name) for name in COLUMNS}
        Balance.objects.filter(pk=Balance.ONLY).update(**columns)


def _count_due() -> int:
    return due_for_cleanup().count() + past_start_deadline().count()


def _compare_multiparts(options: ReconciliationOptions, report: ReconciliationReport) -> None:
    for page in list_multiparts():
        for multipart in page:
            if not is_expected_multipart(multipart):
                _check_multipart(multipart, options, report)


def _check_multipart(
    multipart: ListedMultipart, options: ReconciliationOptions, report: ReconciliationReport
) -> None:
    if multipart.created_at is not None and multipart.created_at > options.cutoff:
        report.young += 1
        return
    may_repair = options.may_repair()
    if is_expected_multipart(multipart):
        return
    report.add(DifferenceKind.MULTIPART, f"{multipart.name}, upload {multipart.id[:40]}")
    if may_repair:
        abort_listed_multipart(multipart)
        report.add_fixed(DifferenceKind.MULTIPART)


def _record_result(options: ReconciliationOptions, report: ReconciliationReport) -> None:
    """Save the time of the run, and write an audit event if it may have changed something."""
    with transaction.atomic():
        ensure_balance()
        Balance.objects.filter(pk=Balance.ONLY).update(reconciled_at=timezone.now())
        if options.fix and report.counts():
            tenant = current_tenant()
            target = Target("tenant", str(tenant.id), tenant.name)
            record(
                "storage.reconciled",
                actor=SYSTEM,
                target=target,
                found=report.counts(),
                left=report.left,
            )
    if report.left:
        extra = {"left": report.left, **_log_fields(report)}
        log.warning("storage_differences_found", extra=extra)


def _log_fields(report: ReconciliationReport) -> dict[str, int]:
    return {f"found_{kind}": count for kind, count in report.counts().items()}
