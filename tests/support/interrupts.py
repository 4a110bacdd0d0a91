"""SIGINT as a terminal would leave it, however the suite was started.

A shell has a job in the background ignore SIGINT, and every process that the job starts inherits
that: a command that a test interrupts would go on for good.
"""

import signal


def restore_interrupts() -> None:
    """Have SIGINT interrupt this process and, by its default action, those that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
