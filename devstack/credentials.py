"""The secrets of a stack: random, created once and stored in the home."""

import json
import secrets
from dataclasses import asdict, dataclass, field

from devstack.home import Home, write_private


def _secret() -> str:
    # Hexadecimal needs no escaping in URLs, shells and configuration files.
    return secrets.token_hex(32)


@dataclass(frozen=True)
class Credentials:
    """The secrets that the servers and the application share."""

    secret_key: str = field(default_factory=_secret)
    token_master_secret: str = field(default_factory=_secret)
    password_pepper: str = field(default_factory=_secret)
    postgres_password: str = field(default_factory=_secret)
    owner_password: str = field(default_factory=_secret)
    app_password: str = field(default_factory=_secret)
    valkey_password: str = field(default_factory=_secret)
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    s3_secret_key: str = field(default_factory=_secret)


def load_credentials(home: Home) -> Credentials:
    """Return the credentials of ``home``; create them on its first start."""
    path = home.file("secrets.json")
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        saved = {}
    known = {name: value for name, value in saved.items() if name in Credentials.__annotations__}
    credentials = Credentials(**known)
    if asdict(credentials) != saved:
        write_private(path, json.dumps(asdict(credentials), indent=1) + "\n")
    return credentials
