"""Two long-lived processes that take turns, so that both sides meet the same minute of the machine.

The child calls ``serve`` with what it measures; for each line it reads it does that once and
answers with the seconds it took. The parent holds ``Player``s.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from devstack.home import CHECKOUT


def serve(act: Callable[[str], object]) -> None:
    """Do ``act`` once for each line of standard input and print the seconds that it took."""
    for line in sys.stdin:
        started = time.perf_counter()
        act(line.strip())
        print(time.perf_counter() - started, flush=True)


class Player:
    """One side."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name

    def turn(self, word: str) -> float:
        """Let the side act once on ``word`` and return the seconds. Raises RuntimeError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._name} ended; see its message above")
        return float(answer)


@contextmanager
def player(module: str, env: dict[str, str]) -> Iterator[Player]:
    """Start ``python -m module`` as a side and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=CHECKOUT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Player(process, module)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)
