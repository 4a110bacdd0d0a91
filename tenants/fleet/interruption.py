"""Ctrl-C and SIGTERM as wishes: nothing new is begun, and what is under way gets a moment."""

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

GRACE_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptHandler:
    """Within the block signals are noted instead of acted on; outside of the main thread, not."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0
        self._again = False
        self._former: dict[int, Any] = {}

    @property
    def wanted(self) -> bool:
        """Whether the run shall stop."""
        return self.signal is not None

    @property
    def is_urgent(self) -> bool:
        """Whether what is under way shall be cancelled: the moment is over, or asked for twice."""
        return self.wanted and (self._again or time.monotonic() - self._since > GRACE_SECONDS)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            self._again = True
            return
        self.signal, self._since = number, time.monotonic()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
