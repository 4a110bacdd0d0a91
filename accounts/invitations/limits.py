"""Rate limits of e-mails that users cause by inviting: per tenant, per user and per address.

A list of addresses counts once for its user, because it has more lines than a user may send single
invitations in an hour. The limit of the tenant counts each line.
"""

from accounts.models import User
from core.rate_limits.limits import RateLimitUse, consume, consume_all
from core.text.email_addresses import address_key
from tenants.context import current_tenant

ADDRESS_LIMIT = "invite_address"


def consume_invitation_limits(by: User, email: str = "") -> None:
    """Count one invitation of a user; ``email`` is empty for a link.

    Raises: RateLimited, whose member ``limits`` names the full limits. Then nothing is counted.
    """
    tenant = str(current_tenant().id)
    consume_all(RateLimitUse("invite_person", (tenant, str(by.id))), *_uses(tenant, email))


def consume_list_limit(by: User) -> None:
    """Count one list of addresses that a user sends. Raises: RateLimited."""
    consume("invite_list", str(current_tenant().id), str(by.id))


def consume_listed_invitation_limits(email: str) -> None:
    """Count one line of a list. Raises: RateLimited, as ``consume_invitation_limits`` does."""
    consume_all(*_uses(str(current_tenant().id), email))


def _uses(tenant: str, email: str) -> list[RateLimitUse]:
    uses = [RateLimitUse("invite_tenant", (tenant,))]
    if email:
        uses.append(RateLimitUse(ADDRESS_LIMIT, (tenant, address_key(email))))
    return uses
