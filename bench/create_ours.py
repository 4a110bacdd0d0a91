"""``python -m bench.create_ours``: make a tenant by the service for each name on standard input."""

import django

django.setup()

from audit.services import SYSTEM  # noqa: E402
from bench.harness.alternation import serve  # noqa: E402
from tenants.services import create_tenant  # noqa: E402


def create(name: str) -> None:
    """Do what sign-up does to get a tenant."""
    create_tenant(name=name, subdomain=name, actor=SYSTEM)


if __name__ == "__main__":
    serve(create)
