"""What commands make of errors: one plain sentence and an exit status."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management.base import CommandError
from django.db import DatabaseError

from aggios.archive.problems import ArchiveError
from aggios.deletion.problems import NotPurged
from core.problems import Problem, StorageUnavailable

CUT_OFF = 130  # what shells say of a program that Ctrl-C ended


@contextmanager
def plainly(again: str) -> Iterator[None]:
    """Turn what can go wrong into CommandError; ``again`` tells how to go on after a break."""
    try:
        yield
    except StorageUnavailable as exc:
        raise CommandError(f"{exc.detail} {again}") from exc
    except Problem as exc:
        faults = "; ".join(f"{fault.field}: {fault.detail}" for fault in exc.errors)
        raise CommandError(f"{exc.detail} {faults}".strip()) from exc
    except (ArchiveError, NotPurged, OSError) as exc:
        raise CommandError(str(exc)) from exc
    except (psycopg.Error, DatabaseError) as exc:
        raise CommandError(
            f"{(str(exc) or 'The database broke off.').splitlines()[0]} {again}"
        ) from exc
    except KeyboardInterrupt:
        raise CommandError(f"Cut off. {again}", returncode=CUT_OFF) from None
