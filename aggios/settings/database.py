"""PostgreSQL and Redis.

``DATABASES`` comes from URLs: ``default`` is the login of the application, ``owner`` the login that
owns the tables, where its URL is given.
"""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from core import env
from core.process_names import process_name
from core.redis_connections import count_connection

_CONNECT_SECONDS = "3"
# The client waits this much longer than PostgreSQL's own statement_timeout.
_GRACE_SECONDS = 5


def _databases() -> dict[str, Any]:
    """Return ``DATABASES``: ``default`` always, ``owner`` only where migrations may be run.

    The web processes do not get ``DATABASE_OWNER_URL``, so a fault in them cannot alter or drop a
    table.
    """
    found = {"default": {**_parse("DATABASE_URL", env.text("DATABASE_URL")), **_bounds()}}
    _set_timeouts(found["default"])
    if owner := env.text("DATABASE_OWNER_URL", ""):
        found["owner"] = {**_parse("DATABASE_OWNER_URL", owner), "KEEPS_LOGIN_ROLE": True}
    return found


def _bounds() -> dict[str, Any]:
    """Return the maximum age of a connection, and how many schemas it may serve."""
    return {
        "CONN_MAX_AGE": env.integer("DATABASE_CONN_MAX_AGE", 600),
        "MAX_SCHEMAS": env.integer("DATABASE_CONN_MAX_SCHEMAS", 200),
    }


def _set_timeouts(database: dict[str, Any]) -> None:
    """Set PostgreSQL's timeouts, and the time after which a silent server is given up.

    A pooler accepts no start-up settings: there the login has to have them (docs/operations.md).
    """
    statement = env.integer("DATABASE_STATEMENT_SECONDS", 30)
    timeouts = {
        "statement_timeout": statement,
        "lock_timeout": env.integer("DATABASE_LOCK_SECONDS", 10),
        "idle_in_transaction_session_timeout": env.integer("DATABASE_IDLE_SECONDS", 60),
    }
    database["WAIT_TIMEOUT"] = statement + _GRACE_SECONDS if statement else 0
    if env.text("DATABASE_POOLER", "none") == "none":
        ours = " ".join(f"-c {name}={seconds}s" for name, seconds in timeouts.items())
        given = database["OPTIONS"].get("options", "")
        database["OPTIONS"]["options"] = f"{ours} {given}".strip()


def _parse(name: str, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must read postgresql://user:password@host:port/name.")
    options: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
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


DATABASE_POOLER = env.choice("DATABASE_POOLER", "none", ("none", "session"))
PG_BIN_DIR = env.text("PG_BIN_DIR", "")
DATABASES = _databases()
DATABASE_ROUTERS = ["tenants.schemas.router.SchemaRouter"]

REDIS_URL = env.text("REDIS_URL")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "aggios",
        "KEY_FUNCTION": "tenants.context.tenant_cache_key",
        "OPTIONS": {
            # Requests still work without Redis; /api/health reports it.
            "IGNORE_EXCEPTIONS": True,
            # Not pickle: write access to Redis must not mean running code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "CONNECTION_POOL_KWARGS": {
                "socket_connect_timeout": 0.25,
                "socket_timeout": 0.5,
                "max_connections": 100,
                "redis_connect_func": count_connection,
            },
        },
    }
}
