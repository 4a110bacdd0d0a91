"""The outbox: an e-mail is queued in the transaction of the change that it reports.

The request only writes a row. Whether the recipient exists is checked when the e-mail is sent. So
the request takes the same time whether the address is known or not.
"""

from typing import Any

from accounts.models import Letter, User
from core.http.language import preferred_language
from core.request_context import RequestContext, request_context
from tenants.work_queue import notify_workers

CHANNEL = "aggios_mail"
REQUEST_KEY = "asked"
VERIFIED_RECIPIENT_KEY = "verified"
"""Whether the recipient was a user's verified address until now."""


def enqueue_email(kind: str, *, to: str, language: str = "", **data: Any) -> Letter:
    """Add an e-mail to the tenant's outbox. It is sent after the commit.

    ``kind`` is a key of ``accounts.email.messages.MESSAGE_BUILDERS``. ``data`` must be JSON and
    must hold no unencrypted secret. ``language`` defaults to the language that the request prefers.
    """
    context = request_context()
    language = language or preferred_language(context.accept_language)
    origin = {
        "client_address": context.client_address,
        "user_agent": context.user_agent,
        "request_id": context.request_id,
    }
    letter = Letter.objects.create(
        kind=kind, recipient=to, language=language, data={**data, REQUEST_KEY: origin}
    )
    notify_workers(CHANNEL)
    return letter


def enqueue_verification_email(user: User) -> None:
    """Queue the e-mail with the link that verifies a user's address. Call inside a transaction."""
    enqueue_email("verify_email", to=user.email, user=str(user.id))


def original_request_context(letter: Letter) -> RequestContext:
    """Return the context of the request that queued the e-mail, for its audit events."""
    return RequestContext(**letter.data.get(REQUEST_KEY, {}))
