"""What comes before any tenant: functions, the public schema, the template of new tenants."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from django.core.management import CommandError
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.results import error_text
from tenants.fleet.summary import STOPPED
from tenants.schemas.errors import DatabaseErrorKind, classify_error
from tenants.schemas.migrate import migrate_public
from tenants.schemas.owner import install_functions, owner_connection
from tenants.schemas.schema_state import ProgressCallback
from tenants.schemas.template import refresh_template

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PlatformState:
    """What was done: migrations run in ``public``, and whether the template was rebuilt."""

    public: int
    template_rebuilt: bool


def prepare_platform(report: ProgressCallback, *, lock_timeout: str, retries: int) -> PlatformState:
    """Bring everything but the tenants up to date.

    The template comes before the tenants: its replacement waits for those who are being made from
    the old one, so that after it every tenant either is of the new one or can be seen to be behind.
    Raises CommandError (exit status 3); no tenant has been touched then.
    """
    with _lock_timeout(lock_timeout):
        _run_step("functions", install_functions, report, retries)
        count = _run_step("public", lambda: migrate_public(report), report, retries)
        rebuilt = _run_step("template", lambda: refresh_template(report), report, retries)
    return PlatformState(count, rebuilt)


def _run_step(name: str, act: Callable[[], T], report: ProgressCallback, retries: int) -> T:
    for number in range(retries + 1):
        try:
            return act()
        except CommandError:
            raise
        except Exception as exc:
            locked = (
                isinstance(exc, DatabaseError) and classify_error(exc) is DatabaseErrorKind.LOCKED
            )
            if not locked or number == retries:
                why = f"{name}: {error_text(exc)} No tenant was touched."
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
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])
