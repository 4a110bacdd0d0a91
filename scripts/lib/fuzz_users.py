"""Tenants and users for the fuzzer, created over HTTP and with e-mails of the mail folder.

Successful cases end sessions, users and whole tenants, so each of those is used once.
"""

import base64
import hmac
import os
import re
import struct
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

URL, DOMAIN = os.environ["FUZZ_URL"], os.environ["FUZZ_DOMAIN"]
MAIL = Path(os.environ["FUZZ_MAIL"])
PASSWORD = "seventeen green bottles"  # noqa: S105 - of users that exist for minutes
MAIL_TIMEOUT = 20.0


@dataclass
class Person:
    """A logged-in user."""

    host: str
    email: str
    tokens: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.tokens["user"]["id"])

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.tokens["access_token"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call as this user; return the JSON. Raises HTTPError for a refusal."""
        return _call(self.host, method, path, body, self.token)


def _call(host: str, method: str, path: str, body: Any, token: str = "") -> Any:
    headers = {"Host": host, **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = requests.request(method, f"{URL}{path}", json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def owner() -> Person:
    """Return the owner of a new tenant with open registration."""
    slug, email = f"fuzz-{uuid4().hex[:12]}", f"{uuid4().hex}@fuzz.example"
    fields = {"company": "Fuzz", "subdomain": slug, **_person(email)}
    tokens = _call(DOMAIN, "POST", "/api/auth/register", fields)
    made = Person(f"{slug}.{DOMAIN}", email, tokens)
    made.call("PATCH", "/api/tenant", {"registration": "open"})
    return made


def newcomer(host: str) -> Person:
    """Return a user who has just joined an open tenant."""
    email = f"{uuid4().hex}@fuzz.example"
    return Person(host, email, _call(host, "POST", "/api/auth/register", _person(email)))


def with_factor(host: str, *, confirmed: bool) -> Person:
    """Return a newcomer with a second factor; ``more`` has its ``id`` and a valid ``code``."""
    made = newcomer(host)
    begun = made.call("POST", "/api/auth/factors", {"type": "totp"})
    made.more = {"id": begun["id"], "code": totp(begun["secret"])}
    if confirmed:
        made.call("POST", f"/api/auth/factors/{begun['id']}/confirm", {"code": made.more["code"]})
    return made


def totp(secret: str) -> str:
    """Return the current code (RFC 6238: SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def mailed_token(email: str) -> str:
    """Return the token of the newest e-mail to an address. Raises: TimeoutError."""
    end = time.monotonic() + MAIL_TIMEOUT
    while time.monotonic() < end:
        for path in sorted(MAIL.glob("*.eml"), reverse=True)[:20]:
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if email in str(mail["To"]):
                found = re.search(r"token=(\S+)", mail.get_body(("plain",)).get_content())
                if found:
                    return found[1]
        time.sleep(0.05)
    raise TimeoutError(f"no mail to {email}")


def _person(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "first_name": "Fay", "last_name": "Zed"}
