"""Tenants and users for the fuzzer, created over HTTP, and tokens from their e-mails.

Successful cases end sessions and delete users and tenants, so each case gets new ones.
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
PASSWORD = "seventeen green bottles"  # noqa: S105 - of users who exist for minutes
MAIL_TIMEOUT = 20.0


@dataclass
class FuzzUser:
    """A user who is logged in."""

    host: str
    email: str
    tokens: dict[str, Any]
    factor: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The user's id."""
        return str(self.tokens["user"]["id"])

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.tokens["access_token"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API as this user and return the JSON.

        Raises:
            HTTPError: The call is refused.
        """
        return _call(self.host, method, path, body, self.token)


def _call(host: str, method: str, path: str, body: Any, token: str = "") -> Any:
    headers = {"Host": host, **({"Authorization": f"Bearer {token}"} if token else {})}
    response = requests.request(method, f"{URL}{path}", json=body, headers=headers, timeout=30)
    response.raise_for_status()
    return response.json() if response.content else None


def owner() -> FuzzUser:
    """Return the owner of a new tenant with open registration."""
    slug, email = f"fuzz-{uuid4().hex[:12]}", f"{uuid4().hex}@fuzz.example"
    fields = {"company": "Fuzz", "subdomain": slug, **_profile(email)}
    tokens = _call(DOMAIN, "POST", "/api/auth/register", fields)
    user = FuzzUser(f"{slug}.{DOMAIN}", email, tokens)
    user.call("PATCH", "/api/tenant", {"registration": "open"})
    return user


def new_user(host: str) -> FuzzUser:
    """Return a user who has just registered in a tenant."""
    email = f"{uuid4().hex}@fuzz.example"
    return FuzzUser(host, email, _call(host, "POST", "/api/auth/register", _profile(email)))


def user_with_factor(host: str, *, confirmed: bool) -> FuzzUser:
    """Return a new user with a second factor; ``factor`` has its ``id`` and a valid ``code``."""
    user = new_user(host)
    created = user.call("POST", "/api/auth/factors", {"type": "totp"})
    user.factor = {"id": created["id"], "code": totp(created["secret"])}
    if confirmed:
        user.call(
            "POST", f"/api/auth/factors/{created['id']}/confirm", {"code": user.factor["code"]}
        )
    return user


def totp(secret: str) -> str:
    """Return the current code (RFC 6238: SHA-1, 30 s, six digits)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def mailed_token(email: str) -> str:
    """Return the token of the newest e-mail to an address.

    Raises:
        TimeoutError: No e-mail arrives.
    """
    deadline = time.monotonic() + MAIL_TIMEOUT
    while time.monotonic() < deadline:
        for path in sorted(MAIL.glob("*.eml"), reverse=True)[:20]:
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if email in str(mail["To"]):
                found = re.search(r"token=(\S+)", mail.get_body(("plain",)).get_content())
                if found:
                    return found[1]
        time.sleep(0.05)
    raise TimeoutError(f"no e-mail to {email}")


def _profile(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "first_name": "Fay", "last_name": "Zed"}
