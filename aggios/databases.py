"""Database settings from URLs: the application's login, and the owner's where it is given."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from core import env
from core.process_names import process_name

CONNECT_SECONDS = "3"
# How much longer than PostgreSQL's own statement_timeout we wait for it to say so.
GRACE_SECONDS = 5


def databases() -> dict[str, Any]:
    """Return ``DATABASES``: ``default`` always, ``owner`` only where migrations may be run.

    The web processes are not given ``DATABASE_OWNER_URL``, so that a fault in them cannot alter or
    drop a table.
    """
    found = {"default": {**_parse("DATABASE_URL", env.text("DATABASE_URL")), **_bounds()}}
    _set_timeouts(found["default"])
    if owner := env.text("DATABASE_OWNER_URL", ""):
        found["owner"] = {**_parse("DATABASE_OWNER_URL", owner), "KEEPS_LOGIN_ROLE": True}
    return found


def _bounds() -> dict[str, Any]:
    """Return how long, and through how many tenants, a connection of the web processes lives."""
    return {
        "CONN_MAX_AGE": env.integer("DATABASE_CONN_MAX_AGE", 600),
        "MAX_SCOPES": env.integer("DATABASE_CONN_MAX_SCHEMAS", 200),
    }


def _set_timeouts(database: dict[str, Any]) -> None:
    """Have PostgreSQL end what takes too long, and give up on a server that does not answer.

    A pooler takes no start-up settings; there the login has to have them (docs/operations.md).
    """
    statement = env.integer("DATABASE_STATEMENT_SECONDS", 30)
    timeouts = {
        "statement_timeout": statement,
        "lock_timeout": env.integer("DATABASE_LOCK_SECONDS", 10),
        "idle_in_transaction_session_timeout": env.integer("DATABASE_IDLE_SECONDS", 60),
    }
    database["PATIENCE"] = statement + GRACE_SECONDS if statement else 0
    if env.text("DATABASE_POOLER", "none") == "none":
        ours = " ".join(f"-c {name}={seconds}s" for name, seconds in timeouts.items())
        given = database["OPTIONS"].get("options", "")
        database["OPTIONS"]["options"] = f"{ours} {given}".strip()


def _parse(name: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must read postgresql://user:password@host:port/name.")
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        **dict(parse_qsl(parts.query)),
        "application_name": process_name(),
    }
    return {
        "ENGINE": "core.db_backend",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or 5432),
        "OPTIONS": options,
        "TEST": {},
    }
