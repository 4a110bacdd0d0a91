"""Mail that the running site has sent: what lies in the folder that the stack's mailer fills."""

import re
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

URL = re.compile(r"https?://\S+")
# Bounds a test that fails. A mailer that was restarted visits every tenant that tests have left.
PATIENCE = 120.0


@dataclass(frozen=True)
class Mail:
    """One mail as it was sent."""

    message: EmailMessage

    def is_for(self, address: str) -> bool:
        """Tell whether the mail went to an address."""
        return address in [one.addr_spec for one in self.message["To"].addresses]

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"]).strip()  # folded right after its name

    @property
    def text(self) -> str:
        """The part in plain text."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        """The part in HTML."""
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        """The first address in the text."""
        found = URL.search(self.text)
        assert found, self.text
        return found[0]

    @property
    def token(self) -> str:
        """The token in the link."""
        return parse_qs(urlsplit(self.link).query)["token"][0]


class Mailbox:
    """The folder, by recipient."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, Mail] = {}

    def all_to(self, address: str) -> list[Mail]:
        """Return every mail to an address so far, the oldest first."""
        found = []
        for path in sorted(self._folder.glob("*.eml")):
            if path not in self._read:  # a mail that was sent does not change
                sent = message_from_bytes(path.read_bytes(), policy=policy.default)
                self._read[path] = Mail(sent)
            if self._read[path].is_for(address):
                found.append(self._read[path])
        return found

    def wait_for(self, address: str, *, subject: str = "", nth: int = 1) -> Mail:
        """Return the ``nth`` mail to an address whose subject holds ``subject``, once it is there.

        Fails after two minutes without it.
        """
        end = time.monotonic() + PATIENCE
        while True:
            found = [mail for mail in self.all_to(address) if subject in mail.subject]
            if len(found) >= nth:
                return found[nth - 1]
            seen = [mail.subject for mail in self.all_to(address)]
            assert time.monotonic() < end, (
                f"no mail {nth} {subject!r} to {address}; there is {seen}"
            )
            time.sleep(0.05)
