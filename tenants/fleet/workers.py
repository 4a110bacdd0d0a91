"""A worker: a process of its own, or this one."""

import contextlib
import json
import os
import subprocess
import sys
from typing import Any, Protocol

from django.conf import settings

from tenants.fleet.jobs import Job, create_job
from tenants.fleet.members import Member
from tenants.fleet.results import Result


class WorkerDied(RuntimeError):  # noqa: N818 - reads as what it says
    """The process ended without an answer."""


class Worker(Protocol):
    """Something that works on one tenant at a time."""

    def ask(self, member: Member) -> Result:
        """Return what became of the work on ``member``. Raises WorkerDied."""

    def close(self) -> None:
        """End it."""

    def kill(self) -> None:
        """End it in the middle of its work, if that can be done."""


class ProcessWorker:
    """``python -m tenants.fleet.worker``. Ctrl-C at the terminal does not reach it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tenants.fleet.worker"],
            cwd=settings.BASE_DIR,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._order = json.dumps(order)
        self._send(self._order)

    def ask(self, member: Member) -> Result:
        assert self._process.stdout is not None  # noqa: S101 - Popen was told to make a pipe
        try:
            self._send(json.dumps(member.packed()))
            return Result.unpacked(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError) as exc:
            self._process.kill()
            status = self._process.wait()
            raise WorkerDied(f"The worker process ended with status {status}.") from exc

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was told to make a pipe
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        # Closes the pipes, which ends it, and waits. It may have left already.
        with contextlib.suppress(OSError), self._process:
            pass

    def kill(self) -> None:
        self._process.kill()


class InProcessWorker:
    """This process, for so few tenants that another one would not pay."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._job: Job = create_job(order)

    def ask(self, member: Member) -> Result:
        return self._job(member)

    def close(self) -> None:
        self._job.close()

    def kill(self) -> None:
        """Not possible; its statements can be cancelled."""
