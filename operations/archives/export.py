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

from aggios.archive.members import MembersIn
from aggios.archive.signature import sign
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, enter
from files.storage.bucket import chunks_of
from operations.archives import file_format
from operations.archives.database_dump import write_database
from operations.archives.file_format import Wanted
from operations.archives.manifest import Manifest, Missing, decoded
from operations.archives.object_list import Progress, difference, key_under, ticking
from operations.archives.reader import listed_in, opened
from operations.archives.writer import Journal, MembersOut, held, named
from operations.errors import ArchiveError, Incomplete
from tenants.models import Tenant
from tenants.services import target_of


def nothing(count: int) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told of progress: all bytes as soon as they are known, then each step."""

    total: Callable[[int], None] = nothing
    written: Progress = nothing
    checked: Progress = nothing


SILENT = Watch()


@dataclass(frozen=True, slots=True)
class Exported:
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
    watch: Watch = SILENT,
) -> Exported:
    """Write an archive and read it back before it gets its name.

    Until then it is ``path`` with ``.partial``, beside a ``.journal``; both stay when this raises:
    ArchiveError (Incomplete unless ``allow_missing``), StorageUnavailable, OSError.
    """
    if path.exists():
        raise ArchiveError(f"{path} exists already.")
    partial = path.with_name(f"{path.name}.partial")
    with held(partial) as file:
        journal = Journal(path.with_name(f"{path.name}.journal"))
        run = _resumed(tenant, file, journal, watch) if resume else None
        run = run or _begun(tenant, file, journal, watch)
        run.add_objects(allow_missing=allow_missing)
        run.finish()
        with opened(partial, tick=watch.checked) as archive:
            done = Exported(path, archive.file.size, archive.sha256, archive.manifest)
        named(partial, path)
        journal.remove()
    _record(tenant, done, actor)
    return done


def _record(tenant: Tenant, done: Exported, actor: Actor) -> None:
    missing = len(done.manifest.missing)
    details = {"file": str(done.path), "sha256": done.sha256, "size": done.size, "missing": missing}
    with enter(PUBLIC), transaction.atomic():
        record("tenant.exported", actor=actor, target=target_of(tenant), **details)


def _begun(tenant: Tenant, file: IO[bytes], journal: Journal, watch: Watch) -> "_Run":
    """Start anew: write the database's part."""
    out = MembersOut(file)
    out.back_to(0)
    manifest, listed_at = write_database(out, tenant, watch.written)
    run = _Run(tenant.object_prefix, file, journal, watch, manifest, listed_at, end=file.tell())
    first = {"manifest": json.loads(manifest.encoded()), "listed_at": listed_at}
    journal.begin(file, {**first, **run.line()})
    watch.total(run.bytes)
    return run


def _resumed(tenant: Tenant, file: IO[bytes], journal: Journal, watch: Watch) -> "_Run | None":
    """Go on where a former run stopped; None if it had not come far enough for that."""
    lines = journal.lines()
    if not lines:
        return None
    first, last = lines[0], lines[-1]
    manifest = decoded(json.dumps(first["manifest"]).encode())
    if manifest.tenant.id != str(tenant.pk):
        raise ArchiveError("The export that was cut off is another tenant's.")
    if os.fstat(file.fileno()).st_size < last["end"]:
        raise ArchiveError("The file is shorter than its journal says; start without --resume.")
    manifest.missing = [Missing(*missing) for missing in last["missing"]]
    run = _Run(tenant.object_prefix, file, journal, watch, manifest, first["listed_at"])
    run.done, run.end = last["done"], last["end"]
    watch.total(run.bytes)
    watch.written(run.end)
    return run


@dataclass(slots=True)
class _Run:
    """An export whose database part is written."""

    prefix: str
    file: IO[bytes]
    journal: Journal
    watch: Watch
    manifest: Manifest
    listed_at: int
    done: int = 0  # how many objects of the list
    end: int = 0  # of the last whole member
    out: MembersOut = field(init=False)

    def __post_init__(self) -> None:
        self.out = MembersOut(self.file)

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
        file = MembersIn(self.file.fileno())
        try:
            for number, wanted in enumerate(listed_in(file, file.at(self.listed_at))):
                if number >= self.done:
                    self._add(number, wanted, allow_missing)
        finally:
            self.journal.add(self.file, self.line())

    def _add(self, number: int, wanted: Wanted, allow_missing: bool) -> None:
        if fault := self._write(number, wanted):
            self.out.back_to(self.end)
            if not allow_missing:
                raise Incomplete(f"Object {wanted.name}: {fault}.")
            self.manifest.missing.append(Missing(wanted.name, fault))
        self.done, self.end = number + 1, self.file.tell()
        if self.journal.is_due():
            self.journal.add(self.file, self.line())

    def _write(self, number: int, wanted: Wanted) -> str:
        """Add an object as the store has it; return what is wrong with it, or nothing."""
        chunks = chunks_of(key_under(self.prefix, wanted.name))
        if chunks is None:
            return "the store does not have it"
        name = file_format.object_member(number)
        return difference(wanted, *self.out.add(name, ticking(chunks, self.watch.written)))

    def finish(self) -> None:
        """Add manifest, signature and end, and bring all of it to the disk."""
        text = self.manifest.encoded()
        signed = f"{sha256(text).hexdigest()}\n{sign(text)}\n".encode()
        self.out.add(file_format.MANIFEST, iter([text]))
        self.out.add(file_format.SIGNATURE, iter([signed]))
        self.file.write(file_format.END)
        self.file.flush()
        os.fsync(self.file.fileno())
