"""Comparing the objects in the store with the rows, in both directions and in constant memory.

The store lists by name, and an object's name ends with the id of its version. So each page of the
listing stands for a range of ids, and the versions in that range should be on it. What is not is
asked for by itself, which also settles what came or went while the pages were read.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime

from files.models import FileVersion
from files.reconciliation.inventory import (
    ListedObject,
    delete_object,
    expected_names,
    id_from_name,
    list_objects,
    stored_sha256,
    stored_size,
    version_sizes,
)
from files.reconciliation.options import ReconciliationOptions
from files.reconciliation.report import DifferenceKind, ReconciliationReport
from files.storage.bucket import key_prefix
from files.storage.deletion import ObjectVersion, delete_versions, list_versions
from files.uploads.objects import STAGING_PREFIX
from tenants.context import current_tenant

LOWEST_ID = uuid.UUID(int=0)


BATCH_SIZE = 1000


OBJECT_PREFIX = "files/"


def compare_objects(work: ReconciliationOptions, findings: ReconciliationReport) -> None:
    """Find objects without rows, rows without objects, and differing sizes; repair what can be.

    Raises StorageUnavailable.
    """
    after = LOWEST_ID
    for page in list_objects():
        findings.objects += len(page)
        _find_unexpected_objects(page, work, findings)
        names = {stored.name for stored in page}
        upto = _last_id(names) or after
        _find_missing_objects(after, upto, names, findings)
        after = max(after, upto)
        work.told(len(page))
    _find_missing_objects(after, None, set(), findings)


def _find_unexpected_objects(
    page: list[ListedObject], work: ReconciliationOptions, findings: ReconciliationReport
) -> None:
    names = [stored.name for stored in page]
    sizes, known = version_sizes(names), expected_names(names)
    for stored in page:
        if stored.name not in known:
            _check_object(stored, work, findings)
        elif sizes.get(stored.name, stored.size) != stored.size:
            _report_size(stored.name, sizes[stored.name], findings)


def _check_object(
    stored: ListedObject, work: ReconciliationOptions, findings: ReconciliationReport
) -> None:
    """Take out what nobody knows of, unless it is young, or somebody knows of it after all."""
    if stored.since > work.before:
        findings.young += 1
        return
    may_repair = work.may_repair()
    if expected_names([stored.name]):
        return
    kind = (
        DifferenceKind.LANDING if stored.name.startswith(STAGING_PREFIX) else DifferenceKind.ORPHAN
    )
    findings.add(kind, f"{stored.name} ({stored.size} bytes, of {_format_time(stored.since)})")
    if may_repair:
        delete_object(stored.name)
        findings.fixed(kind)


def _report_size(name: str, size: int, findings: ReconciliationReport) -> None:
    found = stored_size(name)
    if found not in (None, size) and version_sizes([name]):
        findings.add(DifferenceKind.SIZE, f"{name} has {found} bytes and should have {size}")


def _find_missing_objects(
    after: uuid.UUID, upto: uuid.UUID | None, names: set[str], findings: ReconciliationReport
) -> None:
    for version in _versions(after, upto):
        findings.versions += 1
        name = version.object_name
        if name not in names and stored_size(name) is None and version_sizes([name]):
            findings.add(
                DifferenceKind.MISSING, f"{name} of file {version.file_id}, {version.size} bytes"
            )


def _last_id(names: set[str]) -> uuid.UUID | None:
    ids = (id_from_name(name) for name in names if name.startswith(OBJECT_PREFIX))
    return max(filter(None, ids), default=None)


def _versions(after: uuid.UUID, upto: uuid.UUID | None) -> Iterator[FileVersion]:
    """Give the versions with an object of their own whose ids are in a range, in their order."""
    rows = FileVersion.objects.filter(restored_from=None).order_by("pk")
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    while some := list(rows.filter(pk__gt=after)[:BATCH_SIZE]):
        yield from some
        after = some[-1].pk


def _format_time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


# Finding what a bucket with versioning keeps and no row needs: former versions, delete markers.
#
# The backend deletes for good and writes to no key twice. What is found here came of a process
# that died, or of somebody else: the slip that versioning is there for. So of an object that a row
# names nothing goes unless its current bytes are those that the row stands for.


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
