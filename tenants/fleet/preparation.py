"""Preparation of a migration run: database functions, the public schema and the template."""

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
    """The result: applied migrations in ``public``, and whether the template was rebuilt."""

    public: int
    template_rebuilt: bool


def prepare_platform(report: ProgressCallback, *, lock_timeout: str, retries: int) -> PlatformState:
    """Update everything except the tenants.

    The template is replaced before the tenants are migrated. The replacement waits for tenants that
    are being created from the old one. So afterwards every tenant either comes from the new
    template or is detected as outdated.

    Raises: CommandError (exit status 3); no tenant has been changed then.
    """
    with _lock_timeout(lock_timeout):
        _run_step("functions", install_functions, report, retries)
        count = _run_step("public", lambda: migrate_public(report), report, retries)
        rebuilt = _run_step("template", lambda: refresh_template(report), report, retries)
    return PlatformState(count, rebuilt)


def _run_step(name: str, step: Callable[[], T], report: ProgressCallback, retries: int) -> T:
    for number in range(retries + 1):
        try:
            return step()
        except CommandError:
            raise
        except Exception as exc:
            if not _is_lock_error(exc) or number == retries:
                message = f"{name}: {error_text(exc)} No tenant was changed."
                raise CommandError(message, returncode=STOPPED) from exc
            report(f"{name}: locked, trying again")
            time.sleep(min(16.0, 2.0**number))
    raise AssertionError  # the loop returns or raises


def _is_lock_error(error: Exception) -> bool:
    return isinstance(error, DatabaseError) and classify_error(error) is DatabaseErrorKind.LOCKED


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
