"""Base class, counts and errors of the commands on archives and deletions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.db import DatabaseError

from core.problems import Problem, StorageUnavailable
from core.termination import TERMINATION_EXCEPTIONS, exit_status
from core.text.normalization import pluralize
from operations.archives.manifest import Manifest
from operations.errors import ArchiveError, PurgeError
from tenants.management.base import TenantCommand
from tenants.management.hints import refusal_text


class OperationCommand(TenantCommand):
    """A command that reports each step, or with ``--json`` only the result."""

    _as_json = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command.

        Raises: CommandError.
        """
        self._as_json = options["json"]
        return super().execute(*args, **options)

    def report(self, line: str) -> None:
        """Print a step, unless the result is printed as JSON."""
        if not self._as_json:
            self.stdout.write(line)

    def finish(self, document: Any, text: str) -> None:
        """Print the result: ``document`` in one line with ``--json``, otherwise ``text``."""
        self.stdout.write(json.dumps(document) if self._as_json else text)


def manifest_counts(manifest: Manifest) -> dict[str, int]:
    """Return the numbers of rows, objects and missing objects of an archive."""
    return {
        "rows": sum(part.rows for part in manifest.tables),
        "objects": manifest.objects.count - len(manifest.missing),
        "missing": len(manifest.missing),
    }


def error_line(exc: Exception) -> str:
    """Return the first line of an error's message, or the name of its class."""
    return str(exc).strip().partition("\n")[0] or type(exc).__name__


def format_counts(counts: dict[str, int]) -> str:
    """Format the result of ``manifest_counts``."""
    rows, objects = pluralize(counts["rows"], "row"), pluralize(counts["objects"], "object")
    return f"{rows}, {objects}, {counts['missing']} missing"


@contextmanager
def command_errors(again: str) -> Iterator[None]:
    """Turn expected errors and signals into CommandError with an exit status.

    ``again`` tells how to continue after an interruption.
    """
    try:
        yield
    except StorageUnavailable as exc:
        raise CommandError(f"{exc.detail} {again}") from exc
    except Problem as exc:
        raise CommandError(refusal_text(exc)) from exc
    except (ArchiveError, PurgeError, OSError) as exc:
        raise CommandError(str(exc)) from exc
    except (psycopg.Error, DatabaseError) as exc:
        raise CommandError(
            f"{(str(exc) or 'The database broke off.').splitlines()[0]} {again}"
        ) from exc
    except TERMINATION_EXCEPTIONS as exc:
        raise CommandError(f"Cut off. {again}", returncode=exit_status(exc)) from None
