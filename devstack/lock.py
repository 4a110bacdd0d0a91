"""The lock of a home: one supervisor at a time; the kernel releases it when its holder ends."""

import fcntl
import json
import os
import time
from typing import Self

import psutil

from devstack.errors import AlreadyRunningError, StackError
from devstack.home import Home
from devstack.orphans import is_alive

# How long the reaper of a killed supervisor may hold the lock while it cleans up.
CLEANUP_SECONDS = 20.0


class HomeLock:
    """The lock file of a home; it names the process that holds it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._path = home.file("lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises: AlreadyRunningError in one line if a running stack holds it."""
        deadline = time.monotonic() + CLEANUP_SECONDS
        while not self.try_acquire(role="stack"):
            if pid := holder(self._home):
                raise AlreadyRunningError(
                    f"A stack is already running on {self._home.path} (pid {pid}); "
                    f"'.venv/bin/python -m devstack stop' ends it."
                )
            if time.monotonic() > deadline:
                raise AlreadyRunningError(f"{self._path} is held by another process.")
            time.sleep(0.1)

    def try_acquire(self, role: str) -> bool:
        """Take the lock if it is free; return whether it was."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise StackError(f"Cannot write to AGGIOS_HOME: {exc}.") from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        born = psutil.Process().create_time()
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"role": role, "pid": os.getpid(), "born": born}).encode(), 0)
        self._fd = fd
        return True

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


def holder(home: Home) -> int | None:
    """Return the pid of the running supervisor of ``home``, or None.

    The start time is compared too, because a pid can be reused.
    """
    try:
        found = json.loads(home.file("lock").read_text(encoding="utf-8"))
        if found["role"] != "stack":
            return None
        process = psutil.Process(found["pid"])
        same = abs(process.create_time() - found["born"]) < 0.05
    except (OSError, ValueError, KeyError, psutil.Error):
        return None
    return process.pid if same and is_alive(process) else None
