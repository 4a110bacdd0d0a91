"""``python -m bench.attack.seed_ours NAME…``: make tenants, each with its canaries, and public's.

Prints each tenant's schema on a line.
"""

import sys

import django

django.setup()

from audit.services import SYSTEM  # noqa: E402
from bench.attack.canary.models import plant  # noqa: E402
from tenants.context import tenant_context  # noqa: E402
from tenants.services import create_tenant  # noqa: E402


def main(names: list[str]) -> None:
    """Make what the attack asks for."""
    plant("public")
    for name in names:
        tenant = create_tenant(name=name, subdomain=name, actor=SYSTEM)
        with tenant_context(tenant):
            plant(name)
        print(tenant.schema_name)


if __name__ == "__main__":
    main(sys.argv[1:])
