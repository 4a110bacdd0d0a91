"""Asking for a letter, as a part of the change that it tells of.

The request writes a row and no more: whom it is for, and whether anybody, is looked at while the
letter is sent. So asking costs the same whether the address is known or not.
"""

from typing import Any

from accounts.models import Letter, User
from core.http.language import preferred_language
from core.request_context import RequestContext, request_context
from tenants.work_queue import notify_workers

CHANNEL = "aggios_mail"
REQUEST_KEY = "asked"
VERIFIED_RECIPIENT_KEY = "verified"
"""Whether a letter goes to an address that was somebody's verified one until now."""


def enqueue_email(kind: str, *, to: str, language: str = "", **data: Any) -> Letter:
    """Put a letter into the tenant's outbox; it goes out once the transaction has committed.

    ``kind`` is a name in ``accounts.email.messages.MESSAGE_BUILDERS``. ``data`` must be JSON and
    hold no secret that is not sealed. ``language`` is what the request prefers unless told.
    """
    context = request_context()
    language = language or preferred_language(context.accept_language)
    asked = {
        "client_address": context.client_address,
        "user_agent": context.user_agent,
        "request_id": context.request_id,
    }
    letter = Letter.objects.create(
        kind=kind, recipient=to, language=language, data={**data, REQUEST_KEY: asked}
    )
    notify_workers(CHANNEL)
    return letter


def enqueue_verification_email(user: User) -> None:
    """Mail a person the link that verifies their address. Call inside a transaction."""
    enqueue_email("verify_email", to=user.email, user=str(user.id))


def original_request_context(letter: Letter) -> RequestContext:
    """Return the context of the request that asked for a letter, for what is recorded with it."""
    return RequestContext(**letter.data.get(REQUEST_KEY, {}))
