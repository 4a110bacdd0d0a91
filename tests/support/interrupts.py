"""The default action of SIGINT, however the suite was started.

A shell makes background jobs ignore SIGINT, and each process that the job starts inherits this:
a command that a test interrupts would never end.
"""

import signal


def restore_interrupts() -> None:
    """Let SIGINT interrupt this process and the processes that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
