"""Errors that end a command before or outside of its own work, as one or a few plain lines."""

import re
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from core import env

# PostgreSQL's error classes and codes (manual, appendix A) of a refused or a broken connection:
# connection exception, invalid authorization, database missing, server starting or stopping.
UNREACHABLE_STATES = re.compile(r"08...|28...|3D000|57P0[1-3]")


def settings_message(error: ImproperlyConfigured, stack: Path | None) -> str:
    """Return what to do about missing or invalid settings; ``stack`` is the folder they are from.

    A new operator meets this first, so it must not look like a fault of the program.
    """
    if stack is None and not env.is_configured():
        return (
            f"No settings were found: no development stack has run in {env.stack_home()}, and the "
            "environment has none.\n"
            "Start a stack with scripts/start-dev.sh, or name the folder of another one:"
            " AGGIOS_HOME=/its/folder manage.py …\n"
            "In production, set the variables of .env.example."
        )
    source = f"{stack / 'env'}" if stack else "the environment"
    return f"The settings in {source} cannot be used: {error}"


def database_message(error: Exception, stack: Path | None) -> str | None:
    """Return what to do about a database that does not answer; None for any other error."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    if not isinstance(cause, psycopg.OperationalError) or not _is_unreachable(cause):
        return None
    database = settings.DATABASES["default"]
    reason = _reason(str(error))
    hint = "Check DATABASE_URL, and that the server runs."
    if stack is not None:
        hint = (
            f"The development stack of {stack} is not running: start it with scripts/start-dev.sh."
        )
    address = f"{database['HOST']}:{database['PORT'] or 5432}"
    return f"The database at {address} does not answer ({reason}). {hint}"


def _is_unreachable(cause: psycopg.Error) -> bool:
    return cause.sqlstate is None or bool(UNREACHABLE_STATES.fullmatch(cause.sqlstate))


def _reason(text: str) -> str:
    """Return the last part of libpq's line, such as ``Connection refused``."""
    line = text.strip().partition("\n")[0]
    return re.sub(r"^.* failed: ", "", line).rstrip(".") or "no reason given"
