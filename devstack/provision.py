"""What the application needs between its stores and its web processes."""

import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstack import strays
from devstack.environment import inherited
from devstack.errors import ServiceFailedError
from devstack.home import CHECKOUT
from devstack.stack import Stack

SEED = "seed_demo --json"
COLLECT = "collectstatic --noinput"
STEPS = ("bootstrap_database", "migrate_schemas", "setup_storage", COLLECT, SEED)


@dataclass(frozen=True)
class Step:
    """A step that begins (``seconds`` is None) or is done."""

    name: str
    seconds: float | None = None
    output: str = ""


def run(stack: Stack) -> Iterator[Step]:
    """Run the steps in one process and tell of each as it goes. Raises ServiceFailedError."""
    digest, stamp = _static_digest(), stack.home.file("static.sha256")
    collected = _text(stamp) == digest and (stack.home.path / "static").is_dir()
    steps = [step for step in STEPS if not (collected and step == COLLECT)]
    with _process(stack, steps) as process:
        assert process.stdout is not None
        for line in process.stdout:
            step = _step(line)
            if step is None:
                continue
            if step.name == "collectstatic" and step.seconds is not None:
                stamp.write_text(digest, encoding="utf-8")
            yield step
        if process.wait() != 0:
            log = stack.home.logs / "manage.log"
            last = [line for line in _text(log).splitlines() if line.strip()] or ["no output"]
            raise ServiceFailedError(f"Setting up the application failed: {last[-1]} (see {log})")


@contextlib.contextmanager
def _process(stack: Stack, steps: list[str]) -> Iterator[subprocess.Popen[str]]:
    with (stack.home.logs / "manage.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack.steps", *steps],
            cwd=CHECKOUT,
            env={**inherited(), **stack.env, **strays.marks(stack.home, "manage")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def _step(line: str) -> Step | None:
    try:
        fields = json.loads(line)
        return Step(fields["step"], fields.get("seconds"), fields.get("output", ""))
    except (ValueError, KeyError, TypeError):
        return None


def _static_digest() -> str:
    """Tell whether static files may have changed: our own, and the locked packages' versions."""
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
