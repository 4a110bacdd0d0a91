"""Rate limits per recipient. An e-mail above a limit is dropped when it would be sent.

So no request shows whether an address gets e-mails from other tenants (docs/security.md).

| limit | counted for |
|---|---|
| ``mail`` | one kind of e-mail, one address, one tenant |
| ``mail_unverified`` | an address that is not verified there, over all kinds and tenants |
"""

import logging

from accounts.email.outbox import VERIFIED_RECIPIENT_KEY
from accounts.models import Letter
from accounts.users.queries import find_user_by_typed_email
from core.problems import RateLimited
from core.rate_limits.limits import consume
from core.text.email_addresses import address_key
from tenants.context import current_tenant

log = logging.getLogger(__name__)


def within_kind_limit(letter: Letter) -> bool:
    """Count an e-mail for its kind; return whether the tenant may send it to the address."""
    tenant = str(current_tenant().id)
    return _consume(letter, "mail", tenant, letter.kind, address_key(letter.recipient))


def within_recipient_limit(letter: Letter) -> bool:
    """Count an e-mail to an unverified address; return whether it may be sent.

    Sign-ups, invitations and managers can name any address, so an account with that address counts
    only once the address is verified.
    """
    if letter.data.get(VERIFIED_RECIPIENT_KEY) or _is_verified(letter):
        return True
    return _consume(letter, "mail_unverified", address_key(letter.recipient))


def _is_verified(letter: Letter) -> bool:
    user = find_user_by_typed_email(letter.recipient)
    return user is not None and user.email_verified_at is not None


def _consume(letter: Letter, limit: str, *key: str) -> bool:
    try:
        consume(limit, *key)
    except RateLimited:
        extra = {"letter": str(letter.id), "kind": letter.kind, "limit": limit}
        log.warning("mail_rate_limited", extra=extra)
        return False
    return True
