"""Child processes that take turns, so that both sides run in the same minute on the machine.

The child calls ``serve`` with the operation that is measured: for each line of input it executes
the operation once and prints the seconds. The parent uses it through a ``MeasuredProcess``.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devstack.home import CHECKOUT


def serve(operation: Callable[[str], object]) -> None:
    """Execute the operation once for each line of standard input and print its seconds."""
    for line in sys.stdin:
        started = time.perf_counter()
        operation(line.strip())
        print(time.perf_counter() - started, flush=True)


class MeasuredProcess:
    """The parent's end of a child that runs ``serve``."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name

    def measure(self, argument: str) -> float:
        """Execute the operation once with ``argument`` and return the seconds.

        Raises:
            RuntimeError: The child has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(argument + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._name} ended; see its message above")
        return float(answer)


@contextmanager
def measured_process(arguments: list[str], env: dict[str, str]) -> Iterator[MeasuredProcess]:
    """Start ``python -m`` with these arguments and stop it at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=CHECKOUT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield MeasuredProcess(process, " ".join(arguments))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
