#!/usr/bin/env python3
"""Django's command line for Aggios. While the development stack runs, it needs no variables."""

import gc
import os
import sys

from core.termination import exit_at_once_on_signals

GC_THRESHOLD = 50_000  # new objects; Python's default is 700


def main() -> None:
    """Run the command named on the command line."""
    exit_at_once_on_signals()
    # Imports create many objects and hardly any garbage.
    gc.set_threshold(GC_THRESHOLD)
    # Importing Django takes a while, and a signal may come before it is done.
    from aggios.command_line import run_command_line  # noqa: PLC0415
    from core.env import load_running_stack  # noqa: PLC0415

    stack = load_running_stack()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
    run_command_line(sys.argv, stack=stack)


if __name__ == "__main__":
    main()
