"""Runs commands of manage.py in one process, so that Django starts once.

``python -m devstack.command_runner "migrate_schemas" "seed_demo --json"`` prints two JSON
lines a step: one when it begins, one with its time and output when it is done.
A failure ends it with a traceback.
"""

import contextlib
import io
import json
import os
import shlex
import sys
import time
from typing import TextIO

import django
from django.core.management import call_command


def main() -> None:
    """Run the commands named on the command line."""
    # The current folder is the project; the script's own folder is not.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")
    django.setup()
    # The parent starts this process together with the stores, and closes stdin when they are ready.
    sys.stdin.read()
    for line in sys.argv[1:]:
        _run(line, sys.stdout)


def _run(line: str, report: TextIO) -> None:
    name, *options = shlex.split(line)
    _report(report, step=name)
    began = time.monotonic()
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        call_command(name, *options, stdout=output)
    _report(report, step=name, seconds=time.monotonic() - began, output=output.getvalue())


def _report(report: TextIO, **fields: object) -> None:
    print(json.dumps(fields), file=report, flush=True)


if __name__ == "__main__":
    main()
