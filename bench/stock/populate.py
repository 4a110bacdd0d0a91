"""``python -m bench.stock.populate``: make a tenant and a person in it; print an access token."""

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django_tenants.utils import schema_context  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from bench.stock.customers.models import Client, Domain  # noqa: E402
from bench.stock.people.models import User  # noqa: E402


def main() -> None:
    """Make the public schema and the tenant ``acme`` with Ada as its owner."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    tenant = Client(schema_name="acme", name="Acme", object_prefix="acme")
    tenant.save(verbosity=0)
    Domain.objects.create(domain="acme.stock.localhost", tenant=tenant)
    with schema_context("acme"):
        user = User.objects.create(
            email="ada@acme.test", first_name="Ada", last_name="Lovelace", role="owner"
        )
        print(AccessToken.for_user(user))


if __name__ == "__main__":
    main()
