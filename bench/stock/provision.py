"""``python -m bench.stock.provision``: make a stock tenant for each name on standard input."""

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from bench.harness.alternation import serve  # noqa: E402
from bench.stock.customers.models import Client, Domain  # noqa: E402


def create(name: str) -> None:
    """Save the tenant, which makes its schema and migrates it, and its host name."""
    tenant = Client(schema_name=name, name=name, object_prefix=name)
    tenant.save(verbosity=0)
    Domain.objects.create(domain=f"{name}.stock.localhost", tenant=tenant)


if __name__ == "__main__":
    call_command("migrate_schemas", shared=True, verbosity=0)
    serve(create)
