"""A trial e-mail, sent at once over the transport of the outbox, to test the mail server."""

from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext, override
from uuid6 import uuid7

from accounts.email.transport import MailConnection, short_error
from audit.services import Actor, Target, record
from core.db_backend.scope import PUBLIC, use_scope
from core.text.email_addresses import canonical_address


@dataclass(frozen=True, slots=True)
class TrialResult:
    """Whether a trial e-mail was accepted, by which server, and its answer or the error."""

    accepted: bool
    recipient: str
    server: str
    answer: str


def send_trial_email(*, to: str, actor: Actor, language: str = "") -> TrialResult:
    """Send one e-mail and return what the server answered. It is not queued or tried again.

    Raises: ValidationFailed for an address that cannot receive e-mail.
    """
    recipient = canonical_address(to)
    message = _trial_message(recipient, language or settings.LANGUAGE_CODE)
    with MailConnection() as connection:
        server = connection.server
        try:
            connection.send(message)
        except OSError as exc:
            result = TrialResult(False, recipient, server, short_error(exc))
        else:
            result = TrialResult(True, recipient, server, connection.answer)
    with use_scope(PUBLIC), transaction.atomic():
        target = Target("address", "", recipient)
        record("mail.tested", actor=actor, target=target, accepted=result.accepted)
    return result


def _trial_message(recipient: str, language: str) -> EmailMessage:
    with override(language):
        return EmailMessage(
            subject=gettext("Test e-mail of Aggios"),
            body=gettext("This e-mail shows that Aggios can send e-mails to this address.") + "\n",
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[recipient],
            headers={
                # RFC 3834: no automatic reply, such as an absence note.
                "Auto-Submitted": "auto-generated",
                "Content-Language": language,
                "Message-ID": f"<{uuid7()}@{settings.BASE_DOMAIN}>",
            },
        )
