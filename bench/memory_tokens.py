"""``python -m bench.memory_tokens COUNT``: log somebody in in each of so many tenants.

Prints a line for each: the tenant's label and an access token.
"""

import sys

import django

django.setup()

from django.db import transaction  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.sessions.services import open_session  # noqa: E402
from accounts.sessions.tokens import access_token  # noqa: E402
from tenants.context import tenant_context  # noqa: E402
from tenants.models import Tenant  # noqa: E402
from tenants.refs import TenantRef, ref_of  # noqa: E402


def token_in(tenant: TenantRef) -> str:
    """Make a person with a session."""
    with tenant_context(tenant), transaction.atomic():
        user = User.objects.create(email="ada@memory.test", password="!")
        return access_token(open_session(user).session, user)


def main(count: int) -> None:
    """Do it for the oldest tenants."""
    for tenant in Tenant.objects.order_by("created_at", "id")[:count]:
        ref = ref_of(tenant)
        print(ref.slug, token_in(ref))


if __name__ == "__main__":
    main(int(sys.argv[1]))
