"""The set-up steps of the application, between the stores and the web processes."""

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from devstack import orphans
from devstack.environment import inherited_environment
from devstack.errors import ServiceFailedError
from devstack.home import CHECKOUT
from devstack.stack import Stack

SEED = "seed_demo --json"
COLLECT = "collectstatic --noinput"
STEPS = ("bootstrap_database", "migrate_schemas", "setup_storage", COLLECT, SEED)


@dataclass(frozen=True)
class SetupStep:
    """A step that has started (``seconds`` is None) or is done."""

    name: str
    seconds: float | None = None
    output: str = ""


class SetupProcess:
    """The process that runs the steps. It loads Django while the stores start."""

    def __init__(self, stack: Stack) -> None:
        self._log = stack.home.logs / "manage.log"
        self._stamp = stack.home.file("static.sha256")
        self._digest = _static_digest()
        unchanged = _text(self._stamp) == self._digest and (stack.home.path / "static").is_dir()
        steps = [step for step in STEPS if not (unchanged and step == COLLECT)]
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "devstack.command_runner", *steps],
                cwd=CHECKOUT,
                env={
                    **inherited_environment(),
                    **stack.env,
                    **orphans.process_marks(stack.home, "manage"),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def run(self) -> Iterator[SetupStep]:
        """Run the steps and yield each as it starts and ends. Raises: ServiceFailedError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the process has failed and logged the error
            self._process.stdin.close()
        for line in self._process.stdout:
            step = _step(line)
            if step is None:
                continue
            if step.name == "collectstatic" and step.seconds is not None:
                self._stamp.write_text(self._digest, encoding="utf-8")
            yield step
        if self._process.wait() != 0:
            last = [line for line in _text(self._log).splitlines() if line.strip()] or ["no output"]
            raise ServiceFailedError(
                f"Setting up the application failed: {last[-1].strip()} (see {self._log})"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        with self._process:  # closes its pipes and waits
            pass


def _step(line: str) -> SetupStep | None:
    try:
        fields = json.loads(line)
        return SetupStep(fields["step"], fields.get("seconds"), fields.get("output", ""))
    except (ValueError, KeyError, TypeError):
        return None


def _static_digest() -> str:
    """Return a digest of the project's static files and the versions of locked packages."""
    digest = hashlib.sha256(sys.version.encode())
    for name in ("requirements.txt", "requirements-dev.txt"):
        digest.update(_text(CHECKOUT / name).encode())
    for path in sorted(CHECKOUT.glob("[a-z]*/static/**/*")):
        if path.is_file():
            state = path.stat()
            digest.update(f"{path}{state.st_size}{state.st_mtime_ns}".encode())
    return digest.hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
