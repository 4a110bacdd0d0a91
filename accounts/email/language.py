"""The language and the time zone of an e-mail, decided when it is sent.

The request that queues an e-mail does not look up its recipient (accounts/email/outbox.py).
"""

from accounts.models import Letter, User
from accounts.users.preferences import user_language, user_time_zone
from accounts.users.queries import find_user_by_typed_email
from tenants.context import current_tenant


def recipient_preferences(letter: Letter) -> tuple[str, str]:
    """Return the language and the time zone of the e-mail's user.

    A user without a choice gets the tenant's defaults, or else the language of the request that
    queued the e-mail, and UTC. Other recipients get the language of that request.
    """
    user = _recipient(letter)
    tenant = current_tenant()
    zone = user_time_zone(user, tenant)
    if user is None and letter.language:
        return letter.language, zone
    return user_language(user, tenant, accept_language=letter.language), zone


def _recipient(letter: Letter) -> User | None:
    """Return the user by id, for an address that is the user's no longer, or by the address."""
    if user_id := letter.data.get("user"):
        return User.objects.filter(pk=user_id).first()
    return find_user_by_typed_email(letter.data.get("spelling", letter.recipient))
