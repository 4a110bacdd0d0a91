"""Refusing to serve with what must not reach production."""

from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

STARTUP_TAGS = [Tags.security, Tags.database]


def require_safe_configuration() -> None:
    """Raise ImproperlyConfigured that lists every check that failed (aggios/checks.py).

    A database that is away is no reason: the process starts, says 503, and is well when it is back.
    """
    messages = run_checks(tags=STARTUP_TAGS, include_deployment_checks=True, databases=["default"])
    connections.close_all()
    faults = [message for message in messages if message.is_serious()]
    if faults:
        listed = "\n".join(f"  {fault.id}: {fault.msg} {fault.hint or ''}" for fault in faults)
        raise ImproperlyConfigured(f"Aggios does not start like this:\n{listed}")
