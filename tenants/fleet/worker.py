"""``python -m tenants.fleet.worker``: the process that works on tenants for a run.

It reads an order and then tenants, one JSON line each, and answers a line for each. When its input
ends, because the run is over or was killed, it ends too.
"""

import json
import os
import sys

import django

django.setup()

from tenants.fleet.jobs import create_job  # noqa: E402
from tenants.fleet.members import Member  # noqa: E402


def main() -> None:
    """Serve the run at the other end of the pipes."""
    # Nothing that a migration or a command prints may get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = create_job(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        result = job(Member.unpacked(json.loads(line)))
        print(json.dumps(result.packed()), file=answers, flush=True)
    job.close()


if __name__ == "__main__":
    main()
