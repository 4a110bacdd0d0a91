"""Running a command in a process that is killed (``kill -9``) when it comes to a certain call.

Nothing is replaced: at the given call the process ends, before the call does anything.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests import stack

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import importlib, json, os, signal, sys
import django
from django.core.management import call_command

django.setup()
where, call, command = json.loads(sys.argv[1])
module, _, path = where.partition(":")
*owners, name = path.split(".")
owner = importlib.import_module(module)
for part in owners:
    owner = getattr(owner, part)
original, seen = getattr(owner, name), 0

def counting(*args, **kwargs):
    global seen
    seen += 1
    if seen == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)

setattr(owner, name, counting)
call_command(*command)
"""


def run_killed(where: str, call: int, *command: str, **changed: str) -> None:
    """Run a command that is killed at a call of ``module:name``; hold that it came to that."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([where, call, command])],
        env={
            **os.environ,
            **stack.env,
            "DJANGO_SETTINGS_MODULE": "aggios.settings",
            **changed,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
