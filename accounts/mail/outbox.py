"""Asking for a letter, as a part of the change that it tells of.

The request writes a row and no more: whom it is for, and whether anybody, is looked at while the
letter is sent. So asking costs the same whether the address is known or not.
"""

from typing import Any

from accounts.models import Letter
from core.context import request_context
from core.language import preferred_language


def post_letter(kind: str, *, to: str, language: str = "", **data: Any) -> Letter:
    """Put a letter into the tenant's outbox; it goes out once the transaction has committed.

    ``kind`` is a name in ``accounts.mail.letters.KINDS``. ``data`` must be JSON and hold no secret.
    ``language`` is what the request prefers unless told.
    """
    language = language or preferred_language(request_context().accept_language)
    return Letter.objects.create(kind=kind, recipient=to, language=language, data=data)
