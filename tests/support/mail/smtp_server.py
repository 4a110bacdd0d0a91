"""An SMTP server in the test's process that accepts, refuses or delays e-mails."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.mailbox import Mail

LOG_IN = ("aggios", "the server's password")


class SmtpServer:
    """The accepted e-mails; ``rcpt`` and ``data`` are replies instead of 250.

    While ``hold`` is clear, the server delays e-mails to ``held``; ``reading`` is set when one
    waits.
    """

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.rcpt = self.data = self.held = ""
        self.reading = threading.Event()
        self.hold = threading.Event()
        self.hold.set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options):  # noqa: N802
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.held in envelope.rcpt_tos:
            self.reading.set()
            await server.loop.run_in_executor(None, self.hold.wait, 60)
        if self.data:
            return self.data
        self.senders.append(envelope.mail_from)
        self.recipients += envelope.rcpt_tos
        self.taken.append(Mail(message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def to(self, address: str) -> list[Mail]:
        """Return the accepted e-mails for an address."""
        return [mail for mail in self.taken if mail.is_for(address)]


@contextmanager
def serve_smtp(smtp_server: SmtpServer, **options: Any) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1 and yield it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(smtp_server, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        smtp_server.hold.set()
        controller.stop()


def smtp_authenticate(
    server: Any, session: Any, envelope: Any, mechanism: str, data: Any
) -> AuthResult:
    """Accept the test's user name and password."""
    known = (data.login.decode(), data.password.decode()) == LOG_IN
    return AuthResult(success=known, handled=known)


def self_signed_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return a self-signed certificate for 127.0.0.1, and the server's TLS context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return pem, context
