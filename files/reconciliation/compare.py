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
    id_from_name,
    list_objects,
    stored_size,
)
from files.reconciliation.options import ReconciliationOptions
from files.reconciliation.report import DifferenceKind, ReconciliationReport
from files.reconciling.accounting import expected_names, version_sizes
from files.uploads.landing import STAGING_PREFIX

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
