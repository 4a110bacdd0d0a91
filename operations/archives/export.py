"""Writes a tenant into an archive; an interrupted export can continue.

The database is written first, from one snapshot, then the objects that its rows name. An object
never changes under its name, so objects may be read later, and an export continues at the first
object that is not complete.
"""

import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.db import transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.reading import read_object
from operations.archives import file_format
from operations.archives.database_dump import dump_database
from operations.archives.file_format import MemberReader, ObjectReference, sign_manifest
from operations.archives.manifest import Manifest, MissingObject, parse_manifest
from operations.archives.object_list import count_progress, mismatch, object_key
from operations.archives.progress import NO_PROGRESS, ProgressCallbacks
from operations.archives.reader import open_archive, read_object_list
from operations.archives.writer import Journal, MemberWriter, open_exclusive, rename_durably
from operations.errors import ArchiveError, MissingObjectError
from tenants.branding import LOGO_PREFIX
from tenants.context import tenant_target
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class ExportResult:
    """An archive that was written and read back."""

    path: Path
    size: int
    sha256: str
    manifest: Manifest


def export_tenant(
    tenant: Tenant,
    path: Path,
    *,
    actor: Actor,
    resume: bool = False,
    allow_missing: bool = False,
    watch: ProgressCallbacks = NO_PROGRESS,
) -> ExportResult:
    """Write an archive and read it back before it gets its final name.

    Until then it is ``path`` with ``.partial``, beside a ``.journal``. Both stay when this raises,
    so that ``resume`` can continue.

    Raises: ArchiveError (MissingObjectError unless ``allow_missing``), StorageUnavailable, OSError.
    """
    if path.exists():
        raise ArchiveError(f"{path} exists already.")
    partial = path.with_name(f"{path.name}.partial")
    with open_exclusive(partial) as file:
        journal = Journal(path.with_name(f"{path.name}.journal"))
        run = _resume_run(tenant, file, journal, watch) if resume else None
        run = run or _start_run(tenant, file, journal, watch)
        run.add_objects(allow_missing=allow_missing)
        run.finish()
        with open_archive(partial, tick=watch.checked) as archive:
            done = ExportResult(path, archive.file.size, archive.sha256, archive.manifest)
        rename_durably(partial, path)
        journal.remove()
    _record_export(tenant, done, actor)
    return done


def _record_export(tenant: Tenant, done: ExportResult, actor: Actor) -> None:
    missing = len(done.manifest.missing)
    details = {"file": str(done.path), "sha256": done.sha256, "size": done.size, "missing": missing}
    with use_scope(PUBLIC), transaction.atomic():
        record("tenant.exported", actor=actor, target=tenant_target(tenant), **details)


def _start_run(
    tenant: Tenant, file: IO[bytes], journal: Journal, watch: ProgressCallbacks
) -> "_ExportRun":
    """Write the database part of a new archive."""
    out = MemberWriter(file)
    out.truncate_to(0)
    manifest, listed_at = dump_database(out, tenant, watch.written)
    run = _ExportRun(
        tenant.object_prefix, file, journal, watch, manifest, listed_at, end=file.tell()
    )
    first = {"manifest": json.loads(manifest.encoded()), "listed_at": listed_at}
    journal.begin(file, {**first, **run.line()})
    watch.total(run.bytes)
    return run


def _resume_run(
    tenant: Tenant, file: IO[bytes], journal: Journal, watch: ProgressCallbacks
) -> "_ExportRun | None":
    """Continue an interrupted export; return None if its database part was not complete.

    Raises: ArchiveError.
    """
    lines = journal.lines()
    if not lines:
        return None
    first, last = lines[0], lines[-1]
    manifest = parse_manifest(json.dumps(first["manifest"]).encode())
    if manifest.tenant.id != str(tenant.pk):
        raise ArchiveError("The export that was cut off is another tenant's.")
    if os.fstat(file.fileno()).st_size < last["end"]:
        raise ArchiveError("The file is shorter than its journal says; start without --resume.")
    manifest.missing = [MissingObject(*missing) for missing in last["missing"]]
    run = _ExportRun(tenant.object_prefix, file, journal, watch, manifest, first["listed_at"])
    run.done, run.end = last["done"], last["end"]
    watch.total(run.bytes)
    watch.written(run.end)
    return run


@dataclass(slots=True)
class _ExportRun:
    """An export whose database part is written."""

    prefix: str
    file: IO[bytes]
    journal: Journal
    watch: ProgressCallbacks
    manifest: Manifest
    listed_at: int
    done: int = 0  # how many objects of the list
    end: int = 0  # of the last whole member
    out: MemberWriter = field(init=False)

    def __post_init__(self) -> None:
        self.out = MemberWriter(self.file)

    @property
    def bytes(self) -> int:
        """Size of all parts of the archive."""
        return sum(part.size for part in self.manifest.tables) + self.manifest.objects.bytes

    def line(self) -> dict[str, object]:
        """Return the journal line for the current progress."""
        missing = [[missing.name, missing.reason] for missing in self.manifest.missing]
        return {"done": self.done, "end": self.end, "missing": missing}

    def add_objects(self, *, allow_missing: bool) -> None:
        """Add the remaining objects. Raises: MissingObjectError, StorageUnavailable."""
        self.out.truncate_to(self.end)
        file = MemberReader(self.file.fileno())
        try:
            for number, reference in enumerate(
                read_object_list(file, file.member_at(self.listed_at))
            ):
                if number >= self.done:
                    self._add(number, reference, allow_missing)
        finally:
            self.journal.add(self.file, self.line())

    def _add(self, number: int, reference: ObjectReference, allow_missing: bool) -> None:
        if problem := self._write(number, reference):
            self.out.truncate_to(self.end)
            # A logo can be replaced at any time; its absence is no reason to have no archive.
            if not allow_missing and not reference.name.startswith(LOGO_PREFIX):
                raise MissingObjectError(f"Object {reference.name}: {problem}.")
            self.manifest.missing.append(MissingObject(reference.name, problem))
        self.done, self.end = number + 1, self.file.tell()
        if self.journal.is_due():
            self.journal.add(self.file, self.line())

    def _write(self, number: int, reference: ObjectReference) -> str:
        """Add an object from the store; return how it differs from its row, or an empty text."""
        chunks = read_object(object_key(self.prefix, reference.name))
        if chunks is None:
            return "the store does not have it"
        name = file_format.object_member(number)
        return mismatch(reference, *self.out.add(name, count_progress(chunks, self.watch.written)))

    def finish(self) -> None:
        """Add manifest, signature and end, and flush the file to disk."""
        text = self.manifest.encoded()
        signed = f"{sha256(text).hexdigest()}\n{sign_manifest(text)}\n".encode()
        self.out.add(file_format.MANIFEST, iter([text]))
        self.out.add(file_format.SIGNATURE, iter([signed]))
        self.file.write(file_format.END)
        self.file.flush()
        os.fsync(self.file.fileno())
