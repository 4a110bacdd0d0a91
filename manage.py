#!/usr/bin/env python3
"""Django's command line for Aggios. With the development stack up it needs nothing set."""

import os
import sys

from django.core.management import execute_from_command_line

from aggios.env import load_running_stack


def main() -> None:
    """Run the command named on the command line."""
    load_running_stack()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
