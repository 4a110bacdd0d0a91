"""Metric files of processes: the files of ended processes are merged.

prometheus_client writes a file per process and metric type, and never removes a file with counts.
Here the counts of ended processes are added up in one file per type. A lock keeps a concurrent
reader from counting a value twice or not at all.

The writer waits only a short time for the lock; otherwise the files are merged when the next
process ends. If the writer is killed between its two steps, the counts of one process can be there
twice until the next restart.
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

# Types whose values are added up. Gauges need a ``live`` mode; its files are removed elsewhere.
SUMMED_TYPES = ("counter", "histogram", "summary")
ENDED = "ended"
LOCK = "lock"
# Readers hold the lock for milliseconds.
LOCK_ATTEMPTS, LOCK_PAUSE_SECONDS = 20, 0.01
# The header of a file, and the bytes of an entry without its key: length, padding, value, time.
HEAD_BYTES, ENTRY_BYTES = 8, 4 + 8 + 16
Counts = dict[str, float]
log = logging.getLogger(__name__)


@contextmanager
def locked_for_reading(folder: Path) -> Iterator[None]:
    """Keep the files unchanged while the block reads them."""
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def merge_ended_processes(folder: Path) -> bool:
    """Merge the files of ended processes; return False if a reader held the lock.

    Only one process at a time may call this. Raises: OSError.
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
    """Tell whether the process of a file has ended. A new worker with that pid reuses the file."""
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
    """Create a file of zeros with ``size`` bytes of entries. Raises: OSError.

    Writing to a mapped page on a full disk would end the process (SIGBUS).
    """
    path.write_bytes(bytes(HEAD_BYTES + size))


def _counts_in(path: Path) -> Counts:
    """Return the values in a file; none for a file that ends before its first count."""
    try:
        read = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
        return {key: value for key, value, *_ in read}
    except FileNotFoundError:
        return {}
    except (struct.error, RuntimeError, ValueError) as exc:
        log.warning("metric_file_unreadable", extra={"path": str(path), "error": str(exc)})
        return {}
