"""E-mails that the running site has sent: files in a folder that the stack's mailer writes."""

import re
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

URL = re.compile(r"https?://\S+")
# For a test that fails. A restarted mailer visits every tenant that tests have created.
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Mail:
    """One e-mail as it was sent."""

    message: EmailMessage

    def is_for(self, address: str) -> bool:
        """Tell whether the e-mail was sent to an address."""
        return address in [one.addr_spec for one in self.message["To"].addresses]

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"]).strip()  # folded right after its name

    @property
    def text(self) -> str:
        """The text/plain part."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        """The text/html part."""
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        """The first URL in the text."""
        found = URL.search(self.text)
        assert found, self.text
        return found[0]

    @property
    def token(self) -> str:
        """The token in the URL."""
        return parse_qs(urlsplit(self.link).query)["token"][0]


class Mailbox:
    """The folder, read by recipient."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, Mail] = {}

    def all_to(self, address: str) -> list[Mail]:
        """Return the e-mails to an address so far, the oldest first."""
        found = []
        for path in sorted(self._folder.glob("*.eml")):
            if path not in self._read:  # a sent e-mail does not change
                sent = message_from_bytes(path.read_bytes(), policy=policy.default)
                self._read[path] = Mail(sent)
            if self._read[path].is_for(address):
                found.append(self._read[path])
        return found

    def wait_for(self, address: str, *, subject: str = "", nth: int = 1) -> Mail:
        """Wait for the ``nth`` e-mail to an address whose subject contains ``subject``.

        Raises AssertionError after two minutes.
        """
        end = time.monotonic() + TIMEOUT_SECONDS
        while True:
            found = [mail for mail in self.all_to(address) if subject in mail.subject]
            if len(found) >= nth:
                return found[nth - 1]
            seen = [mail.subject for mail in self.all_to(address)]
            assert time.monotonic() < end, (
                f"no e-mail {nth} {subject!r} to {address}; there is {seen}"
            )
            time.sleep(0.05)
