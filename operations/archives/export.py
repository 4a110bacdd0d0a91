"""Writing one tenant into one file, so that a run that was cut off can go on.

First the database, in one snapshot; then the objects that its rows name. Their bytes never change
under their names, so they may follow later, and an export goes on at the first that is not whole.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.db import transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.bucket import read_object
from operations.archives import file_format
from operations.archives.database_dump import dump_database
from operations.archives.file_format import MemberReader, ObjectReference, sign_manifest
from operations.archives.manifest import Manifest, MissingObject, parse_manifest
from operations.archives.object_list import ProgressCallback, count_progress, mismatch, object_key
from operations.archives.reader import open_archive, read_object_list
from operations.archives.writer import Journal, MemberWriter, open_exclusive, rename_durably
from operations.errors import ArchiveError, MissingObjectError
from tenants.models import Tenant
from tenants.services import tenant_target


def ignore_progress(count: int) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True)
class ProgressCallbacks:
    """Who is told of progress: all bytes as soon as they are known, then each step."""

    total: Callable[[int], None] = ignore_progress
    written: ProgressCallback = ignore_progress
    checked: ProgressCallback = ignore_progress


NO_PROGRESS = ProgressCallbacks()


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
    """Write an archive and read it back before it gets its name.

    Until then it is ``path`` with ``.partial``, beside a ``.journal``; both stay when this raises:
    ArchiveError (Incomplete unless ``allow_missing``), StorageUnavailable, OSError.
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
    """Start anew: write the database's part."""
    out = MemberWriter(file)
    out.back_to(0)
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
    """Go on where a former run stopped; None if it had not come far enough for that."""
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
        """How many bytes the archive's parts will have together."""
        return sum(part.size for part in self.manifest.tables) + self.manifest.objects.bytes

    def line(self) -> dict[str, object]:
        """Return the journal's line for what is done."""
        missing = [[missing.name, missing.reason] for missing in self.manifest.missing]
        return {"done": self.done, "end": self.end, "missing": missing}

    def add_objects(self, *, allow_missing: bool) -> None:
        """Add what is left of the objects. Raises Incomplete, StorageUnavailable."""
        self.out.back_to(self.end)
        file = MemberReader(self.file.fileno())
        try:
            for number, wanted in enumerate(read_object_list(file, file.at(self.listed_at))):
                if number >= self.done:
                    self._add(number, wanted, allow_missing)
        finally:
            self.journal.add(self.file, self.line())

    def _add(self, number: int, wanted: ObjectReference, allow_missing: bool) -> None:
        if fault := self._write(number, wanted):
            self.out.back_to(self.end)
            if not allow_missing:
                raise MissingObjectError(f"Object {wanted.name}: {fault}.")
            self.manifest.missing.append(MissingObject(wanted.name, fault))
        self.done, self.end = number + 1, self.file.tell()
        if self.journal.is_due():
            self.journal.add(self.file, self.line())

    def _write(self, number: int, wanted: ObjectReference) -> str:
        """Add an object as the store has it; return what is wrong with it, or nothing."""
        chunks = read_object(object_key(self.prefix, wanted.name))
        if chunks is None:
            return "the store does not have it"
        name = file_format.object_member(number)
        return mismatch(wanted, *self.out.add(name, count_progress(chunks, self.watch.written)))

    def finish(self) -> None:
        """Add manifest, signature and end, and bring all of it to the disk."""
        text = self.manifest.encoded()
        signed = f"{sha256(text).hexdigest()}\n{sign_manifest(text)}\n".encode()
        self.out.add(file_format.MANIFEST, iter([text]))
        self.out.add(file_format.SIGNATURE, iter([signed]))
        self.file.write(file_format.END)
        self.file.flush()
        os.fsync(self.file.fileno())
