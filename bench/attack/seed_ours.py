"""``python -m bench.attack.seed_ours NAME…``: create tenants with canaries, and those of public.

Prints the schema of each tenant on a line.
"""

import sys

import django

django.setup()

from audit.services import SYSTEM  # noqa: E402
from bench.attack.models import create_canaries  # noqa: E402
from tenants.context import tenant_context  # noqa: E402
from tenants.services import create_tenant  # noqa: E402


def main(names: list[str]) -> None:
    """Create the canaries of ``public``, the tenants, and theirs."""
    create_canaries("public")
    for name in names:
        tenant = create_tenant(name=name, subdomain=name, actor=SYSTEM)
        with tenant_context(tenant):
            create_canaries(name)
        print(tenant.schema_name)


if __name__ == "__main__":
    main(sys.argv[1:])
