"""Finding what a bucket with versioning keeps and no row needs: former versions, delete markers.

The backend deletes for good and writes to no key twice. What is found here came of a process that
died, or of somebody else: the slip that versioning is there for. So of an object that a row names
nothing goes unless its current bytes are those that the row stands for.
"""

from files.models import FileVersion
from files.objects.history import Kept, forget, histories
from files.reconciliation.inventory import sha256_in_store
from files.reconciliation.options import Work
from files.reconciliation.report import Findings, Kind
from files.reconciling.accounting import accounted
from files.storage.bucket import folder_of
from files.uploads.landing import LANDING
from tenants.context import current_tenant


def compare_former(work: Work, findings: Findings) -> None:
    """Find former versions and markers that no row needs; repair. Raises StorageUnavailable."""
    prefix = current_tenant().object_prefix
    for history in histories(prefix):
        if any(not kept.is_current for kept in history):
            _judge(history[0].key.removeprefix(folder_of(prefix)), history, work, findings)


def _judge(name: str, history: list[Kept], work: Work, findings: Findings) -> None:
    may_repair = work.may_repair()
    former = [kept for kept in history if not kept.is_current]
    if name.startswith(LANDING) and may_repair:
        # An address may be written to again and again; only what landed last becomes a file.
        forget(former)
        return
    if max(kept.since for kept in history) > work.before:
        findings.young += 1
        return
    if _is_needed(name, history):
        return
    findings.add(Kind.FORMER, f"{name}, {len(former)} kept")
    if may_repair:
        forget(former)
        findings.fixed(Kind.FORMER)


def _is_needed(name: str, history: list[Kept]) -> bool:
    """Whether somebody stands for the object whose history this is, and may want it back."""
    version = FileVersion.objects.filter(object_name=name, restored_from=None).first()
    if version is not None:
        return sha256_in_store(name) != version.sha256
    # What is there without a row is judged with the other objects, its versions along with it.
    return any(kept.is_current for kept in history) or bool(accounted([name]))
