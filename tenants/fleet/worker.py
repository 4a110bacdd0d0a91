"""The worker process of a run: ``python -m tenants.fleet.worker``.

It reads an order and then tenants, one JSON line each, and writes one JSON line per tenant. It
exits when its input ends, because the run is finished or was killed.
"""

import json
import os
import sys

import django

django.setup()

from tenants.fleet.jobs import create_job  # noqa: E402
from tenants.fleet.members import Member  # noqa: E402


def main() -> None:
    """Process tenants from stdin until it ends."""
    # Output of migrations and commands must not be mixed with the results.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = create_job(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        result = job(Member.from_json(json.loads(line)))
        print(json.dumps(result.to_json()), file=results, flush=True)
    job.close()


if __name__ == "__main__":
    main()
