"""Comparison of the store with the rows, in both directions and in constant memory.

The store lists objects by name, and the name of an object ends with the id of its version. So each
page of the listing covers a range of ids, and the versions in that range should be on the page. A
version that is not is looked up by a request of its own. That request also covers objects that
were created or deleted during the listing.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime

from files.logo import stored_logo
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


def compare_objects(options: ReconciliationOptions, report: ReconciliationReport) -> None:
    """Report objects without rows, rows without objects, and wrong sizes; delete the first kind.

    Raises: StorageUnavailable.
    """
    after = LOWEST_ID
    for page in list_objects():
        report.objects += len(page)
        _find_unexpected_objects(page, options, report)
        names = {listed.name for listed in page}
        last = _last_id(names) or after
        _find_missing_objects(after, last, names, report)
        after = max(after, last)
        options.on_progress(len(page))
    _find_missing_objects(after, None, set(), report)
    _find_missing_logo(report)


def compare_noncurrent_versions(
    options: ReconciliationOptions, report: ReconciliationReport
) -> None:
    """Report old versions and delete markers that no row needs, and delete them.

    The backend deletes permanently and never writes twice to one key. So these come from a process
    that was killed, or from a mistake of another client, which is what versioning protects from.
    The history of an object with a version row is deleted only if the current content is the right
    one. Raises: StorageUnavailable.
    """
    prefix = current_tenant().object_prefix
    for history in list_versions(prefix):
        if any(not version.is_current for version in history):
            name = history[0].key.removeprefix(key_prefix(prefix))
            _check_history(name, history, options, report)


def _find_unexpected_objects(
    page: list[ListedObject], options: ReconciliationOptions, report: ReconciliationReport
) -> None:
    names = [listed.name for listed in page]
    sizes, expected = version_sizes(names), expected_names(names)
    for listed in page:
        if listed.name not in expected:
            _check_object(listed, options, report)
        elif sizes.get(listed.name, listed.size) != listed.size:
            _report_size(listed.name, sizes[listed.name], report)


def _check_object(
    listed: ListedObject, options: ReconciliationOptions, report: ReconciliationReport
) -> None:
    """Report and delete an unexpected object, unless it is too new or has a row by now."""
    if listed.modified_at > options.cutoff:
        report.young += 1
        return
    may_repair = options.may_repair()
    if expected_names([listed.name]):
        return
    is_staged = listed.name.startswith(STAGING_PREFIX)
    kind = DifferenceKind.STAGING if is_staged else DifferenceKind.ORPHAN
    modified = _format_time(listed.modified_at)
    report.add(kind, f"{listed.name} ({listed.size} bytes, of {modified})")
    if may_repair:
        delete_object(listed.name)
        report.add_fixed(kind)


def _report_size(name: str, size: int, report: ReconciliationReport) -> None:
    actual = stored_size(name)
    if actual not in (None, size) and version_sizes([name]):
        report.add(DifferenceKind.SIZE, f"{name} has {actual} bytes and should have {size}")


def _find_missing_objects(
    after: uuid.UUID, last: uuid.UUID | None, names: set[str], report: ReconciliationReport
) -> None:
    for version in _versions(after, last):
        report.versions += 1
        name = version.object_name
        if name not in names and stored_size(name) is None and version_sizes([name]):
            example = f"{name} of file {version.file_id}, {version.size} bytes"
            report.add(DifferenceKind.MISSING, example)


def _find_missing_logo(report: ReconciliationReport) -> None:
    logo = stored_logo()
    is_missing = logo is not None and stored_size(logo.object_name) is None
    if logo and is_missing and stored_logo() == logo:  # it is replaced at any time
        report.add(DifferenceKind.MISSING, f"{logo.object_name}, the logo, {logo.size} bytes")


def _check_history(
    name: str,
    history: list[ObjectVersion],
    options: ReconciliationOptions,
    report: ReconciliationReport,
) -> None:
    may_repair = options.may_repair()
    noncurrent = [version for version in history if not version.is_current]
    if name.startswith(STAGING_PREFIX) and may_repair:
        # A presigned URL may be written to many times; only the last content can become a file.
        delete_versions(noncurrent)
        return
    if max(version.modified_at for version in history) > options.cutoff:
        report.young += 1
        return
    if _is_needed(name, history):
        return
    report.add(DifferenceKind.NONCURRENT, f"{name}, {len(noncurrent)} kept")
    if may_repair:
        delete_versions(noncurrent)
        report.add_fixed(DifferenceKind.NONCURRENT)


def _is_needed(name: str, history: list[ObjectVersion]) -> bool:
    """Whether a row may need an older version of this object."""
    row = FileVersion.objects.filter(object_name=name, restored_from=None).first()
    if row is not None:
        return stored_sha256(name) != row.sha256
    # An object without a row is handled by compare_objects, together with its versions.
    return any(version.is_current for version in history) or bool(expected_names([name]))


def _last_id(names: set[str]) -> uuid.UUID | None:
    ids = (id_from_name(name) for name in names if name.startswith(OBJECT_PREFIX))
    return max(filter(None, ids), default=None)


def _versions(after: uuid.UUID, last: uuid.UUID | None) -> Iterator[FileVersion]:
    """Yield the versions with their own object in a range of ids, ordered by id."""
    rows = FileVersion.objects.filter(restored_from=None).order_by("pk")
    if last is not None:
        rows = rows.filter(pk__lte=last)
    while batch := list(rows.filter(pk__gt=after)[:BATCH_SIZE]):
        yield from batch
        after = batch[-1].pk


def _format_time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
