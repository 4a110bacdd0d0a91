"""Comparing the objects in the store with the rows, in both directions and in constant memory.

The store lists by name, and an object's name ends with the id of its version. So each page of the
listing stands for a range of ids, and the versions in that range should be on it. What is not is
asked for by itself, which also settles what came or went while the pages were read.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime

from files.models import FileVersion
from files.reconciliation.inventory import Stored, id_in, object_pages, remove_object, size_in_store
from files.reconciliation.options import Work
from files.reconciliation.report import Findings, Kind
from files.reconciling.accounting import accounted, sizes_of
from files.uploads.landing import LANDING

FIRST = uuid.UUID(int=0)
AT_ONCE = 1000
OBJECTS = "files/"


def compare_objects(work: Work, findings: Findings) -> None:
    """Find objects without rows, rows without objects, and differing sizes; repair what can be.

    Raises StorageUnavailable.
    """
    after = FIRST
    for page in object_pages():
        findings.objects += len(page)
        _look_for_rows(page, work, findings)
        names = {stored.name for stored in page}
        upto = _last_id(names) or after
        _look_for_objects(after, upto, names, findings)
        after = max(after, upto)
        work.told(len(page))
    _look_for_objects(after, None, set(), findings)


def _look_for_rows(page: list[Stored], work: Work, findings: Findings) -> None:
    names = [stored.name for stored in page]
    sizes, known = sizes_of(names), accounted(names)
    for stored in page:
        if stored.name not in known:
            _judge(stored, work, findings)
        elif sizes.get(stored.name, stored.size) != stored.size:
            _note_size(stored.name, sizes[stored.name], findings)


def _judge(stored: Stored, work: Work, findings: Findings) -> None:
    """Take out what nobody knows of, unless it is young, or somebody knows of it after all."""
    if stored.since > work.before:
        findings.young += 1
        return
    may_repair = work.may_repair()
    if accounted([stored.name]):
        return
    kind = Kind.LANDING if stored.name.startswith(LANDING) else Kind.ORPHAN
    findings.add(kind, f"{stored.name} ({stored.size} bytes, of {_moment(stored.since)})")
    if may_repair:
        remove_object(stored.name)
        findings.fixed(kind)


def _note_size(name: str, size: int, findings: Findings) -> None:
    found = size_in_store(name)
    if found not in (None, size) and sizes_of([name]):
        findings.add(Kind.SIZE, f"{name} has {found} bytes and should have {size}")


def _look_for_objects(
    after: uuid.UUID, upto: uuid.UUID | None, names: set[str], findings: Findings
) -> None:
    for version in _versions(after, upto):
        findings.versions += 1
        name = version.object_name
        if name not in names and size_in_store(name) is None and sizes_of([name]):
            findings.add(Kind.MISSING, f"{name} of file {version.file_id}, {version.size} bytes")


def _last_id(names: set[str]) -> uuid.UUID | None:
    ids = (id_in(name) for name in names if name.startswith(OBJECTS))
    return max(filter(None, ids), default=None)


def _versions(after: uuid.UUID, upto: uuid.UUID | None) -> Iterator[FileVersion]:
    """Give the versions with an object of their own whose ids are in a range, in their order."""
    rows = FileVersion.objects.filter(restored_from=None).order_by("pk")
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    while some := list(rows.filter(pk__gt=after)[:AT_ONCE]):
        yield from some
        after = some[-1].pk


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
