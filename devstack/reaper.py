"""The reaper ends a stack's servers when its supervisor was killed.

It is a process that waits on a pipe that the supervisor holds open; the pipe closes however the
supervisor ends. If the reaper is killed as well, the next start does the same work.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from devstack import orphans
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT, Home
from devstack.lock import HomeLock, holder

GOODBYE = b"stopped"
TAKE_OVER_SECONDS = 5.0


class Reaper:
    """The reaper process, and the supervisor's end of the pipe."""

    def __init__(self, home: Home) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devstack.reaper", str(home.path), str(os.getpid())],
            cwd=CHECKOUT,
            env=inherited_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Tell the reaper that everything has stopped, and wait for its end."""
        try:
            self._process.communicate(GOODBYE, timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        except OSError:
            self._process.wait()


def main() -> None:
    """Wait for the end of the supervisor; clean up unless it stopped in order or a new one runs."""
    home, supervisor = Home(Path(sys.argv[1])), int(sys.argv[2])
    if sys.stdin.buffer.read() == GOODBYE:
        return
    lock = HomeLock(home)
    if _take_over_lock(lock, home, supervisor):
        orphans.end(home)
        lock.release()


def _take_over_lock(lock: HomeLock, home: Home, supervisor: int) -> bool:
    """Take the dead supervisor's lock; return False if a new stack has it and does the work.

    The kernel may close the pipe a moment before it releases the lock and ends the process. So
    ``supervisor``, the pid of the dead one, does not count as a holder.
    """
    deadline = time.monotonic() + TAKE_OVER_SECONDS
    while not lock.try_acquire(role="reaper"):
        if holder(home) not in {None, supervisor} or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    main()
