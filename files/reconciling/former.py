"""Finding what a bucket with versioning keeps and no row needs: former versions, delete markers.

The backend deletes for good and writes to no key twice. What is found here came of a process that
died, or of somebody else: the slip that versioning is there for. So of an object that a row names
nothing goes unless its current bytes are those that the row stands for.
"""

from files.models import FileVersion
from files.objects.history import ObjectVersion, delete_versions, list_versions
from files.reconciliation.inventory import stored_sha256
from files.reconciliation.options import ReconciliationOptions
from files.reconciliation.report import DifferenceKind, ReconciliationReport
from files.reconciling.accounting import expected_names
from files.storage.bucket import key_prefix
from files.uploads.landing import STAGING_PREFIX
from tenants.context import current_tenant


def compare_noncurrent_versions(
    work: ReconciliationOptions, findings: ReconciliationReport
) -> None:
    """Find former versions and markers that no row needs; repair. Raises StorageUnavailable."""
    prefix = current_tenant().object_prefix
    for history in list_versions(prefix):
        if any(not kept.is_current for kept in history):
            _check_history(history[0].key.removeprefix(key_prefix(prefix)), history, work, findings)


def _check_history(
    name: str,
    history: list[ObjectVersion],
    work: ReconciliationOptions,
    findings: ReconciliationReport,
) -> None:
    may_repair = work.may_repair()
    former = [kept for kept in history if not kept.is_current]
    if name.startswith(STAGING_PREFIX) and may_repair:
        # An address may be written to again and again; only what landed last becomes a file.
        delete_versions(former)
        return
    if max(kept.since for kept in history) > work.before:
        findings.young += 1
        return
    if _is_needed(name, history):
        return
    findings.add(DifferenceKind.FORMER, f"{name}, {len(former)} kept")
    if may_repair:
        delete_versions(former)
        findings.fixed(DifferenceKind.FORMER)


def _is_needed(name: str, history: list[ObjectVersion]) -> bool:
    """Whether somebody stands for the object whose history this is, and may want it back."""
    version = FileVersion.objects.filter(object_name=name, restored_from=None).first()
    if version is not None:
        return stored_sha256(name) != version.sha256
    # What is there without a row is judged with the other objects, its versions along with it.
    return any(kept.is_current for kept in history) or bool(expected_names([name]))
