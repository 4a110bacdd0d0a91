"""The language of an e-mail, decided when it is sent.

The request that queues an e-mail does not look up its recipient (accounts/email/outbox.py).
"""

from accounts.models import Letter, User
from accounts.users.preferences import user_language
from accounts.users.queries import find_user_by_typed_email
from tenants.context import current_tenant


def recipient_language(letter: Letter) -> str:
    """Return the language of the e-mail's user; that of the request for other recipients.

    A user without a language gets the tenant's default, or else that of the request too.
    """
    user = _recipient(letter)
    if user is None and letter.language:
        return letter.language
    return user_language(user, current_tenant(), accept_language=letter.language)


def _recipient(letter: Letter) -> User | None:
    """Return the user by id, for an address that is the user's no longer, or by the address."""
    if user_id := letter.data.get("user"):
        return User.objects.filter(pk=user_id).first()
    return find_user_by_typed_email(letter.data.get("spelling", letter.recipient))
