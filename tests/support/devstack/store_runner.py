"""Run the three stores as a process of its own, for a test to kill: ``store_runner.py HOME``.

It is run as a file: the package that it lies in sets up Django and a stack for the whole session.
"""

import sys
import time
from pathlib import Path

import stores

from devstack.testing import running_stack

with running_stack(Path(sys.argv[1])) as stack:
    stores.write(stack, "kept")
    print("ready", flush=True)
    time.sleep(600)
