"""``python -m bench.harness.provision FIRST LAST``: tenants in bulk.

Each is provisioned by the function that ``create_tenant`` calls; only the transactions are larger.
"""

import sys

import django

django.setup()

from django.db import transaction  # noqa: E402

from tenants.models import Domain, Tenant  # noqa: E402
from tenants.services import provision_schema  # noqa: E402

PER_TRANSACTION = 10


def fill(numbers: list[int]) -> None:
    """Make the tenants with these numbers in one transaction."""
    tenants = [Tenant(name=f"Filling {number}") for number in numbers]
    for tenant in tenants:
        tenant.object_prefix = tenant.schema_name
    domains = [
        Domain(tenant=tenant, domain=f"filling{number}", is_primary=True)
        for tenant, number in zip(tenants, numbers, strict=True)
    ]
    with transaction.atomic():
        Tenant.objects.bulk_create(tenants)
        Domain.objects.bulk_create(domains)
        for tenant in tenants:
            provision_schema(tenant.schema_name)


def main(first: int, last: int) -> None:
    """Make the tenants from ``first`` to before ``last``; print a line for each transaction."""
    for start in range(first, last, PER_TRANSACTION):
        numbers = list(range(start, min(start + PER_TRANSACTION, last)))
        fill(numbers)
        print(len(numbers), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
