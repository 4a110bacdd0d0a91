"""Database settings from URLs: the application's login, and the owner's where it is given."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from aggios import env

CONNECT_SECONDS = "3"


def databases() -> dict[str, Any]:
    """Return ``DATABASES``: ``default`` always, ``owner`` only where migrations may be run.

    The web processes are not given ``DATABASE_OWNER_URL``, so that a fault in them cannot alter or
    drop a table.
    """
    found = {"default": _parse("DATABASE_URL", env.text("DATABASE_URL"))}
    found["default"]["CONN_MAX_AGE"] = env.integer("DATABASE_CONN_MAX_AGE", 600)
    if owner := env.text("DATABASE_OWNER_URL", ""):
        found["owner"] = {**_parse("DATABASE_OWNER_URL", owner), "KEEPS_LOGIN_ROLE": True}
    return found


def _parse(name: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must read postgresql://user:password@host:port/name.")
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **dict(parse_qsl(parts.query))}
    return {
        "ENGINE": "core.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or 5432),
        "OPTIONS": options,
        "TEST": {},
    }
