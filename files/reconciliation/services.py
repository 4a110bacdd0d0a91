"""Reconciling one tenant: the one it is called in."""

import logging

from django.db import transaction
from django.utils import timezone

from audit.services import SYSTEM, Target, record
from files.models import Balance
from files.quota import ensure_balance
from files.reconciliation.compare import compare_objects
from files.reconciliation.inventory import Unfinished, remove_unfinished, unfinished_pages
from files.reconciliation.options import Work
from files.reconciliation.report import Findings, Kind
from files.reconciling.accounting import is_known
from files.reconciling.balancing import compare_balance, mend_balance
from files.reconciling.former import compare_former
from files.uploads.cleanup import due_uploads, settle_some
from files.uploads.start_deadline import to_look_at
from tenants.context import current_tenant

SETTLED_AT_ONCE = 100
log = logging.getLogger(__name__)


def reconcile(work: Work) -> Findings:
    """Compare the tenant's balance, rows and store, and repair what ``work`` says.

    Removed is what no row stands for; a version without its object is told of and never removed.
    Can be cut off and repeated. Raises StorageUnavailable.
    """
    findings = Findings()
    if work.fix or work.settle:
        settle_all()
    findings.unsettled = due_uploads().count()
    compare_objects(work, findings)
    compare_former(work, findings)
    _compare_unfinished(work, findings)
    compare_balance(findings)
    if work.fix and findings.found[Kind.BALANCE].count:
        mend_balance()
        findings.fixed(Kind.BALANCE, findings.found[Kind.BALANCE].count)
    _conclude(work, findings)
    return findings


def settle_all() -> int:
    """Finish every upload that ended badly or late, as long as the store lets go; return how many.

    Raises nothing of the store: what it does not clear stays due.
    """
    settled, left = 0, _due()
    while left:
        settle_some(SETTLED_AT_ONCE)
        before, left = left, _due()
        if left >= before:
            break
        settled += before - left
    return settled


def _due() -> int:
    return due_uploads().count() + to_look_at().count()


def _compare_unfinished(work: Work, findings: Findings) -> None:
    for page in unfinished_pages():
        for upload in page:
            if not is_known(upload):
                _judge(upload, work, findings)


def _judge(upload: Unfinished, work: Work, findings: Findings) -> None:
    if upload.since is not None and upload.since > work.before:
        findings.young += 1
        return
    may_repair = work.may_repair()
    if is_known(upload):
        return
    findings.add(Kind.MULTIPART, f"{upload.name}, upload {upload.id[:40]}")
    if may_repair:
        remove_unfinished(upload)
        findings.fixed(Kind.MULTIPART)


def _conclude(work: Work, findings: Findings) -> None:
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
        log.warning("storage_differs", extra={"left": findings.left, **_logged(findings)})


def _logged(findings: Findings) -> dict[str, int]:
    return {f"found_{kind}": count for kind, count in findings.counts().items()}
