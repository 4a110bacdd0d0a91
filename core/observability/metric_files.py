"""The files in which processes count, and joining those of processes that ended.

prometheus_client gives each process a file for each type of metric and never removes one that holds
counts. Here the counts of ended processes are added up in one file for each type. A lock keeps a
reader from counting something twice, or not at all, meanwhile.

The writer never waits for long: what a reader holds up is joined when the next process ends. If the
writer is killed between its two steps, counts of one process may be there twice until the restart
that follows.
"""

import fcntl
import logging
import os
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

# Types whose values are added up. Gauges need a ``live`` mode, whose files are removed elsewhere.
SUMMED_TYPES = ("counter", "histogram", "summary")
ENDED = "ended"
LOCK = "lock"
# How often, and with which pause, the lock is tried: readers hold it for milliseconds.
LOCK_ATTEMPTS, LOCK_PAUSE_SECONDS = 20, 0.01
# A file's head, and what an entry has beside its key: length, padding, value, time.
HEAD_BYTES, ENTRY_BYTES = 8, 4 + 8 + 16
Counts = dict[str, float]
log = logging.getLogger(__name__)


@contextmanager
def locked_for_reading(folder: Path) -> Iterator[None]:
    """Keep the files as they are while the block reads them."""
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def merge_ended_processes(folder: Path) -> bool:
    """Add the counts of ended processes up; tell whether no reader was in the way.

    One process at a time may call this. Raises OSError.
    """
    with (folder / LOCK).open("a") as lock:
        if not _lock_exclusively(lock.fileno()):
            return False
        for kind in SUMMED_TYPES:
            _merge(
                folder,
                kind,
                [path for path in folder.glob(f"{kind}_*.db") if _process_has_ended(path)],
            )
    return True


def _lock_exclusively(descriptor: int) -> bool:
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            return True
    return False


def _process_has_ended(path: Path) -> bool:
    """Tell whether the process of a file is gone. A worker with its number goes on in that file."""
    number = path.stem.rpartition("_")[2]
    if not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _merge(folder: Path, kind: str, over: list[Path]) -> None:
    if not over:
        return
    total: Counts = defaultdict(float)
    joined, fresh = folder / f"{kind}_{ENDED}.db", folder / f"{kind}_{ENDED}.new"
    for path in (joined, *over):
        for key, value in _counts_in(path).items():
            total[key] += value
    _reserve(fresh, sum(len(key.encode()) + ENTRY_BYTES for key in total))
    file = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for key, value in total.items():
        file.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    file.close()  # type: ignore[no-untyped-call]
    fresh.replace(joined)
    for path in over:
        path.unlink(missing_ok=True)


def _reserve(path: Path, size: int) -> None:
    """Make a file of zeros with room for so many bytes. Raises OSError.

    Writing to a mapped page for which the disk has no room would end the process (SIGBUS).
    """
    path.write_bytes(bytes(HEAD_BYTES + size))


def _counts_in(path: Path) -> Counts:
    """Return the values in a file; nothing of one that was cut off before its first count."""
    try:
        read = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
        return {key: value for key, value, *_ in read}
    except FileNotFoundError:
        return {}
    except (struct.error, RuntimeError, ValueError) as exc:
        log.warning("metric_file_unreadable", extra={"path": str(path), "error": str(exc)})
        return {}
