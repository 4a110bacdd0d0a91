"""``python -m bench.attack.seed_stock NAME…``: the same for the stock project."""

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django_tenants.utils import schema_context  # noqa: E402

from bench.attack.models import create_canaries  # noqa: E402
from bench.stock.customers.models import Client, Domain  # noqa: E402


def main(names: list[str]) -> None:
    """Create the canaries of ``public``, the tenants, and theirs."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    create_canaries("public")
    for name in names:
        tenant = Client(schema_name=name, name=name, object_prefix=name)
        tenant.save(verbosity=0)
        Domain.objects.create(domain=f"{name}.stock.localhost", tenant=tenant)
        with schema_context(name):
            create_canaries(name)
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
