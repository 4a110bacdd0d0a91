"""Termination of a command by SIGINT or SIGTERM: one line, and the exit status of a shell.

The status is 128 plus the signal's number (POSIX.1-2024, XCU 2.8.2). A signal that was ignored at
the start of the process stays ignored, as ``nohup`` and shells need it for background jobs.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

SIGNAL_NAMES = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated"}
STDERR = 2


class Terminated(SystemExit):
    """SIGTERM was received. Raised in the main thread, so that transactions and files close."""


TERMINATION_EXCEPTIONS = (KeyboardInterrupt, Terminated)


def exit_status(stopped: BaseException) -> int:
    """Return the exit status for one of ``TERMINATION_EXCEPTIONS``."""
    return _status(signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT)


def exit_at_once_on_signals() -> None:
    """Make both signals exit at once, for the time of the imports.

    An exception is not enough there: an import can swallow it or wrap it in another one.
    """
    for number in SIGNAL_NAMES:
        _handle(number, _exit_at_once)


def raise_on_signals() -> None:
    """Make SIGINT raise KeyboardInterrupt and SIGTERM ``Terminated``, while a command runs."""
    _handle(signal.SIGINT, signal.default_int_handler)
    _handle(signal.SIGTERM, _terminate)


def exit_after_signal(stopped: BaseException) -> NoReturn:
    """Print which signal ended the command, and exit."""
    name = SIGNAL_NAMES[signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT]
    sys.stderr.write(f"{name}.\n")
    sys.exit(exit_status(stopped))


def _status(number: int) -> int:
    return 128 + number


def _handle(number: int, handler: object) -> None:
    if signal.getsignal(number) is not signal.SIG_IGN:
        signal.signal(number, handler)  # type: ignore[arg-type]


def _exit_at_once(number: int, frame: FrameType | None) -> None:
    line = f"{SIGNAL_NAMES[signal.Signals(number)]} before the command had begun.\n"
    os.write(STDERR, line.encode())
    os._exit(_status(number))


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(_status(number))
