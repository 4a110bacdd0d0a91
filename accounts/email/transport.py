"""Connection to the mail server over SMTP, or a folder during development."""

import smtplib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from uuid6 import uuid7

from core.problems import ValidationFailed

PERMANENT_FAILURE_CODE = 500


class FolderBackend(BaseEmailBackend):
    """Writes each e-mail to its own file in ``EMAIL_FOLDER``, which mail programs can open."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the e-mails. A file gets its final name once it is complete."""
        folder = Path(settings.EMAIL_FOLDER)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = str(uuid7())  # names sort by time
            unfinished = folder / f".{name}"
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(folder / f"{name}.eml")
        return len(email_messages)


class MailConnection:
    """A connection to the mail server for a series of e-mails."""

    answer = ""
    """What the server said about the last e-mail (RFC 5321, section 4.2); empty for a folder."""

    def __enter__(self) -> "MailConnection":
        self._connection = get_connection()
        return self

    @property
    def server(self) -> str:
        """Where e-mails are sent: the folder, or the server's address."""
        if isinstance(self._connection, FolderBackend):
            return str(settings.EMAIL_FOLDER)
        return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def send(self, message: EmailMessage) -> None:
        """Send one e-mail. Raises: OSError, of which SMTPException is a subclass."""
        self._connection.open()
        self._record_answer()
        message.connection = self._connection
        try:
            message.send()
        except OSError:
            self._connection.close()  # the state of the SMTP dialogue is unknown
            raise

    def _record_answer(self) -> None:
        """Record the replies to e-mails: smtplib raises an error for 5yz and drops the others."""
        smtp = getattr(self._connection, "connection", None)
        if not isinstance(smtp, smtplib.SMTP) or "data" in vars(smtp):
            return
        send_data = smtp.data

        def data(content: Any) -> tuple[int, bytes]:
            code, said = send_data(content)
            self.answer = f"{code} {_decoded(said)}"
            return code, said

        smtp.data = data  # type: ignore[assignment,method-assign]


def is_permanent_failure(error: Exception) -> bool:
    """Return whether this e-mail was refused permanently.

    Either the server refused it (RFC 5321 section 4.2.1: 5yz), or the address is not valid. A
    refusal of the log-in or the sender is not permanent: an operator can correct the configuration.
    """
    if isinstance(error, ValidationFailed):
        return True
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= PERMANENT_FAILURE_CODE for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT_FAILURE_CODE


def is_server_failure(error: Exception) -> bool:
    """Return whether every e-mail would fail: the server is down or refuses the log-in."""
    of_this_mail = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
    return isinstance(error, OSError) and not isinstance(error, of_this_mail)


def short_error(error: Exception) -> str:
    """Return an error message for operators, without the recipient's address."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = {f"{code} {_decoded(said)}" for code, said in error.recipients.values()}
        return f"Recipient refused: {'; '.join(sorted(answers))}"[:400]
    if isinstance(error, ValidationFailed):
        return f"Address refused: {error.sentence}"[:400]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__}: {error.smtp_code} {_decoded(error.smtp_error)}"[:400]
    return f"{type(error).__name__}: {error}"[:400]


def _decoded(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
