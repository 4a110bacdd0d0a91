"""Rate limits of e-mails that users cause by inviting: per tenant, per user and per address."""

from accounts.models import User
from core.rate_limits.limits import RateLimitUse, consume_all
from core.text.email_addresses import address_key
from tenants.context import current_tenant

ADDRESS_LIMIT = "invite_address"


def consume_invitation_limits(by: User, email: str = "") -> None:
    """Count one invitation of a user; ``email`` is empty for a link.

    Raises: RateLimited, whose member ``limits`` names the full limits. Then nothing is counted.
    """
    tenant = str(current_tenant().id)
    uses = [
        RateLimitUse("invite_tenant", (tenant,)),
        RateLimitUse("invite_person", (tenant, str(by.id))),
    ]
    if email:
        uses.append(RateLimitUse(ADDRESS_LIMIT, (tenant, address_key(email))))
    consume_all(*uses)
