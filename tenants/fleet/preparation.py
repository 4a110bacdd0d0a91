"""What comes before any tenant: functions, the public schema, the template of new tenants."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.core.management import CommandError
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, enter
from tenants.fleet.results import text_of
from tenants.fleet.summary import STOPPED
from tenants.schemas.errors import Trouble, trouble_of
from tenants.schemas.migrate import migrate_public
from tenants.schemas.owner import install_functions, owner_connection
from tenants.schemas.schema_state import Report
from tenants.schemas.template import refresh_template

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Groundwork:
    """What was done: migrations run in ``public``, and whether the template was rebuilt."""

    public: int
    template_rebuilt: bool


def lay(report: Report, *, lock_timeout: str, retries: int) -> Groundwork:
    """Bring everything but the tenants up to date.

    The template comes before the tenants: its replacement waits for those who are being made from
    the old one, so that after it every tenant either is of the new one or can be seen to be behind.
    Raises CommandError (exit status 3); no tenant has been touched then.
    """
    with _lock_timeout(lock_timeout):
        _step("functions", install_functions, report, retries)
        count = _step("public", lambda: migrate_public(report), report, retries)
        rebuilt = _step("template", lambda: refresh_template(report), report, retries)
    return Groundwork(count, rebuilt)


def _step(name: str, act: Callable[[], T], report: Report, retries: int) -> T:
    for number in range(retries + 1):
        try:
            return act()
        except CommandError:
            raise
        except Exception as exc:
            locked = isinstance(exc, DatabaseError) and trouble_of(exc) is Trouble.LOCKED
            if not locked or number == retries:
                why = f"{name}: {text_of(exc)} No tenant was touched."
                raise CommandError(why, returncode=STOPPED) from exc
            report(f"{name}: locked, trying again")
            time.sleep(min(16.0, 2.0**number))
    raise AssertionError  # the loop returns or raises


@contextmanager
def _lock_timeout(limit: str) -> Iterator[None]:
    _set_lock_timeout(limit)
    try:
        yield
    finally:
        if owner_connection().is_usable():
            _set_lock_timeout("0")


def _set_lock_timeout(limit: str) -> None:
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
