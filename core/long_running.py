"""Commands that go on until they are stopped: how they are told to, and how one sees them live."""

import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.core.management.base import CommandError

ShouldStop = Callable[[], bool]


def heartbeat_path(name: str) -> Path:
    """Return the file that a long-running command touches; one container runs one of a kind."""
    return Path(tempfile.gettempdir()) / f"aggios-{name}"


def require_recent_heartbeat(heartbeat: Path, *, longest: float) -> None:
    """Raise CommandError unless the file was touched within so many seconds."""
    try:
        age = time.time() - heartbeat.stat().st_mtime
    except OSError:
        raise CommandError("Nothing has begun here.") from None
    if age > longest:
        raise CommandError(f"Nothing has been heard for {age:.0f} seconds.")


def stop_event_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, in place of what they do otherwise."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop
