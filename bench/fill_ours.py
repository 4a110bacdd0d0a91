"""``python -m bench.fill_ours 1000``: make so many tenants by the service."""

import sys

import django

django.setup()

from rich.progress import track  # noqa: E402

from audit.services import SYSTEM  # noqa: E402
from bench.harness.report import console  # noqa: E402
from tenants.services import create_tenant  # noqa: E402


def main() -> None:
    """Do what sign-up does, without people."""
    numbers = range(int(sys.argv[1]))
    for number in track(numbers, "Tenants of Aggios", console=console, transient=True):
        create_tenant(name=f"Fleet {number}", subdomain=f"fleet{number}", actor=SYSTEM)


if __name__ == "__main__":
    main()
