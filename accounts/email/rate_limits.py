"""How many letters an address gets. What is beyond is dropped while it would be sent.

So no request learns of it: what an address got from others stays unknown (docs/security.md).

| limit | counted for |
|---|---|
| ``mail`` | one kind of letter, one address, one workspace |
| ``mail_stranger`` | an address that is no verified one there, over all kinds and workspaces |
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
    """Count a letter of its kind; tell whether its address may get it from this workspace."""
    tenant = str(current_tenant().id)
    return _consume(letter, "mail", tenant, letter.kind, address_key(letter.recipient))


def within_recipient_limit(letter: Letter) -> bool:
    """Count a letter that is about to go out to a stranger; tell whether they may get it.

    Whoever signs up, invites or adds somebody may type any address, so an account there counts only
    once its address is verified.
    """
    if letter.data.get(VERIFIED_RECIPIENT_KEY) or _is_verified(letter):
        return True
    return _consume(letter, "mail_stranger", address_key(letter.recipient))


def _is_verified(letter: Letter) -> bool:
    person = find_user_by_typed_email(letter.recipient)
    return person is not None and person.email_verified_at is not None


def _consume(letter: Letter, limit: str, *key: str) -> bool:
    try:
        consume(limit, *key)
    except RateLimited:
        extra = {"letter": str(letter.id), "kind": letter.kind, "limit": limit}
        log.warning("mail_rate_limited", extra=extra)
        return False
    return True
