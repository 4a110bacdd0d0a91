"""Typed readers of environment variables.

Every variable can also be given as ``NAME_FILE``, the path of a file with the value, which is how
containers get secrets. ``READ`` collects the names, for the test that compares .env.example with
what the settings read.
"""

import os
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from core.text.parsing import parse_integer

READ: set[str] = set()
# New names and the old ones, which work for one release more. ``core.apps`` logs the old ones.
RENAMED = {
    "DATABASE_CONN_MAX_SCHEMAS": "DATABASE_CONN_MAX_SCOPES",
    "PASSWORD_HASH_CONCURRENCY": "HASHING_AT_ONCE",
    "PASSWORD_HASH_NICE": "HASHING_NICE",
    "PASSWORD_HASH_QUEUE_SIZE": "HASHING_PLACES",
    "RATE_LIMIT_MAIL_UNVERIFIED": "RATE_LIMIT_MAIL_STRANGER",
    "REAUTHENTICATION_SECONDS": "PROOF_SECONDS",
    "SLOW_CLIENT_LIMIT": "SLOW_BODIES_AT_ONCE",
    "UPLOAD_SYNC_VERIFY_MAX_BYTES": "UPLOAD_VERIFY_NOW_BYTES",
    "UPLOAD_VERIFY_CONCURRENCY": "UPLOAD_VERIFY_AT_ONCE",
}
OLD_NAMES_READ: set[str] = set()
ROOT = Path(__file__).resolve().parent.parent


def stack_home() -> Path:
    """Return the folder of the development stack: ``$AGGIOS_HOME``, or ``.aggios`` here."""
    return Path(os.environ.get("AGGIOS_HOME") or ROOT / ".aggios")


def is_configured() -> bool:
    """Tell whether the environment has settings, complete or not."""
    names = ("DATABASE_URL", "SECRET_KEY")
    return any(name in os.environ or f"{name}_FILE" in os.environ for name in names)


def load_running_stack() -> Path | None:
    """Set missing variables from the development stack's ``env`` file, if there is one.

    Returns the folder of the stack, or None if the file was not used: a process with a
    ``DATABASE_URL`` is configured and ignores it.
    """
    if "DATABASE_URL" in os.environ or "DATABASE_URL_FILE" in os.environ:
        return None
    home = stack_home()
    try:
        lines = (home / "env").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())
    return home


def text(name: str, default: str | None = None) -> str:
    """Return a variable. Raises: ImproperlyConfigured if it is unset and has no default."""
    READ.add(name)
    value = _read(name)
    if value is None and (old := RENAMED.get(name)):
        value = _read(old)
        if value is not None:
            OLD_NAMES_READ.add(old)
    if value is None or (value == "" and default is None):
        if default is None:
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE (see .env.example).")
        return default
    return value


def flag(name: str, default: bool) -> bool:
    """Return a Boolean variable."""
    value = text(name, str(default)).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, least: int = 0) -> int:
    """Return an integer of at least ``least``."""
    value = text(name, str(default))
    try:
        number = parse_integer(value.strip())
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {number}.")
    return number


def items(name: str, default: str = "") -> list[str]:
    """Return the non-empty items of a comma-separated list."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def address(name: str, value: str, port: int) -> tuple[str, int]:
    """Return host and port of ``10.0.0.2``, ``10.0.0.2:5353`` or ``[fd00::2]:53``."""
    try:
        parts = urlsplit(f"//{value}")
        return str(ip_address(parts.hostname or "")), parts.port or port
    except ValueError:
        raise ImproperlyConfigured(f"{name}: {value!r} is not an address.") from None


def network(name: str, value: str) -> IPv4Network | IPv6Network:
    """Return the address range (CIDR) in ``value``; ``name`` is the variable for the error."""
    try:
        return ip_network(value, strict=False)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name}: {exc}.") from None


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of ``allowed``."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(name: str) -> str | None:
    value = os.environ.get(name)
    if value is None and (path := os.environ.get(f"{name}_FILE")):
        return _file(f"{name}_FILE", path)
    return value


def _file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ImproperlyConfigured(f"{name}: {path} cannot be read ({exc}).") from exc
