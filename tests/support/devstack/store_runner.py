"""Run the three stores as a process of its own, for a test to kill: ``store_runner.py HOME``.

It is run as a file, because importing the package ``tests`` starts a stack.
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
