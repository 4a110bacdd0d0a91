"""The jobs of workers: one migration or one command per tenant."""

import contextlib
import copy
import io
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from django.core.management import call_command
from django.db import connections

from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import ref_of, tenant_context
from tenants.fleet.members import Member, is_deleted
from tenants.fleet.results import OUTCOME_BY_ERROR_KIND, Outcome, Result, error_text
from tenants.models import Tenant
from tenants.schemas.errors import DatabaseErrorKind, classify_error
from tenants.schemas.migrator import SchemaMigrator
from tenants.schemas.owner import owner_connection
from tenants.schemas.schema_state import SchemaMissing

# A PostgreSQL backend caches the catalogue of every tenant that it has used.
TENANTS_PER_CONNECTION = 200
MAX_OUTPUT_CHARS = 20_000


class Job(Protocol):
    """Work on one tenant. It never raises; errors are in the result."""

    def __call__(self, member: Member) -> Result:
        """Run the job for ``member``."""

    def close(self) -> None:
        """Release the resources of the job."""


class MigrationJob:
    """Migrates tenant schemas.

    ``options`` are PostgreSQL settings of the session: timeouts, and the ``application_name`` by
    which the run can cancel its own sessions.
    """

    def __init__(self, options: dict[str, str]) -> None:
        connection = owner_connection()
        connection.close()
        connection.settings_dict = _with_options(connection.settings_dict, options)
        self._connection = connection
        self._migrator = SchemaMigrator()
        self._processed = 0

    def __call__(self, member: Member) -> Result:
        result = _timed(lambda: self._migrate(member))
        self._processed += 1
        if result.outcome is Outcome.LOST or self._processed % TENANTS_PER_CONNECTION == 0:
            self._connection.close()
        return result

    def _migrate(self, member: Member) -> Result:
        try:
            keys = self._migrator.migrate(member.schema)
        except SchemaMissing as exc:
            outcome = Outcome.GONE if is_deleted(member) else Outcome.FAILED
            return Result(outcome, 0.0, error_text(exc))
        except Exception as exc:
            if classify_error(exc) is DatabaseErrorKind.OTHER and is_deleted(member):
                return Result(Outcome.GONE, 0.0, error_text(exc))
            raise
        return Result(Outcome.DONE, 0.0, steps=tuple(f"{app}.{name}" for app, name in keys))

    def close(self) -> None:
        self._connection.close()


class CommandJob:
    """Runs one management command inside tenants and captures its output."""

    def __init__(self, command: str, arguments: list[str]) -> None:
        self._command, self._arguments = command, arguments

    def __call__(self, member: Member) -> Result:
        try:
            return _timed(lambda: self._run(member))
        finally:
            self.close()

    def _run(self, member: Member) -> Result:
        out = io.StringIO()
        outcome = Outcome.DONE
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                outcome = self._call(member, out)
            except SystemExit as exc:
                outcome = Outcome.FAILED if exc.code else Outcome.DONE
            except Exception as exc:  # noqa: BLE001 - one tenant's error must not stop the run
                outcome = Outcome.FAILED
                print(error_text(exc), file=out)
        return Result(outcome, 0.0, out.getvalue()[-MAX_OUTPUT_CHARS:])

    def _call(self, member: Member, out: io.StringIO) -> Outcome:
        with use_scope(PUBLIC):
            tenant = Tenant.objects.prefetch_related("domains").filter(id=member.id).first()
        if tenant is None or tenant.status == Tenant.Status.DELETING:
            return Outcome.GONE
        with tenant_context(ref_of(tenant)):
            call_command(self._command, *self._arguments, stdout=out, stderr=out)
        return Outcome.DONE

    def close(self) -> None:
        connections.close_all()


def create_job(order: dict[str, Any]) -> Job:
    """Return the job for an order (JSON)."""
    if order["job"] == "migrate":
        return MigrationJob(order["options"])
    return CommandJob(order["command"], order["arguments"])


def _timed(work: Callable[[], Result]) -> Result:
    started = time.monotonic()
    try:
        result = work()
    except Exception as exc:  # noqa: BLE001 - one tenant's error must not stop the run
        result = Result(OUTCOME_BY_ERROR_KIND[classify_error(exc)], 0.0, error_text(exc))
    return replace(result, seconds=round(time.monotonic() - started, 4))


def _with_options(settings: dict[str, Any], options: dict[str, str]) -> dict[str, Any]:
    changed = copy.deepcopy(settings)
    words = [f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in options.items()]
    given = changed["OPTIONS"].get("options", "")
    changed["OPTIONS"]["options"] = " ".join([given, *words]).strip()
    return changed
