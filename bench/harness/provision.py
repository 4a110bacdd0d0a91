"""What a benchmark does in a process with Aggios' settings, other than serving.

python -m bench.harness.provision create             a tenant for each name on standard input, timed
python -m bench.harness.provision fleet COUNT        so many tenants, each by the service
python -m bench.harness.provision bulk FIRST LAST    many tenants quickly; prints progress
python -m bench.harness.provision tokens COUNT       a session in each of so many tenants
"""

import sys

import django

django.setup()

from django.db import transaction  # noqa: E402
from rich.progress import track  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.sessions.services import open_session  # noqa: E402
from accounts.sessions.tokens import access_token  # noqa: E402
from audit.services import SYSTEM  # noqa: E402
from bench.harness.alternation import serve  # noqa: E402
from bench.harness.report import console  # noqa: E402
from tenants.context import (  # noqa: E402
    TenantRef,
    ref_of,
    tenant_context,
)
from tenants.models import Domain, Tenant  # noqa: E402
from tenants.services import create_tenant, provision_schema  # noqa: E402

PER_TRANSACTION = 10


def create(name: str) -> None:
    """Create a tenant as sign-up does."""
    create_tenant(name=name, subdomain=name, actor=SYSTEM)


def create_fleet(count: str) -> None:
    """Create tenants by the service, without users."""
    numbers = range(int(count))
    for number in track(numbers, "Tenants of Aggios", console=console, transient=True):
        create_tenant(name=f"Fleet {number}", subdomain=f"fleet{number}", actor=SYSTEM)


def create_in_bulk(first: str, last: str) -> None:
    """Create the tenants from ``first`` to before ``last``; print a line for each transaction.

    Each is provisioned by the function that ``create_tenant`` calls; only the transactions are
    larger.
    """
    for start in range(int(first), int(last), PER_TRANSACTION):
        numbers = list(range(start, min(start + PER_TRANSACTION, int(last))))
        _create_in_one_transaction(numbers)
        print(len(numbers), flush=True)


def _create_in_one_transaction(numbers: list[int]) -> None:
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


def print_tokens(count: str) -> None:
    """Print the label and an access token of each of the oldest tenants."""
    for tenant in Tenant.objects.order_by("created_at", "id")[: int(count)]:
        ref = ref_of(tenant)
        print(ref.slug, _token_in(ref))


def _token_in(tenant: TenantRef) -> str:
    with tenant_context(tenant), transaction.atomic():
        user = User.objects.create(email="ada@memory.test", password="!")
        return access_token(open_session(user).session, user)


COMMANDS = {
    "create": lambda: serve(create),
    "fleet": create_fleet,
    "bulk": create_in_bulk,
    "tokens": print_tokens,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
