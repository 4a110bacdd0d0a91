"""Timeouts for a PostgreSQL server that is connected and does not respond.

A stopped process, a hung disk or a lost network leaves the connection open. libpq's own timeouts
(``tcp_user_timeout``, keepalives) do not detect it while the other machine's kernel acknowledges
packets. psycopg waits for each answer in ``Connection.wait``, which takes a timeout: that costs no
thread and no round trip. If the server works, PostgreSQL's ``statement_timeout`` ends a statement
first (aggios/settings/database.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


class ServerUnresponsive(psycopg.OperationalError):
    """PostgreSQL did not respond in time. The connection was closed: its state is unknown."""


def set_wait_timeout(raw: Connection, seconds: float) -> None:
    """Close this connection when it waits longer than ``seconds`` for an answer; 0 is no limit."""
    if seconds:
        raw.aggios_wait_timeout = seconds  # type: ignore[attr-defined]
        raw.wait = partial(_wait, raw)  # type: ignore[method-assign]


@contextmanager
def limited_wait(raw: Connection, seconds: float) -> Iterator[None]:
    """Limit waits to ``seconds`` in this block, unless the connection has no limit at all."""
    usual: float = getattr(raw, "aggios_wait_timeout", 0)
    raw.aggios_wait_timeout = min(usual, seconds)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        raw.aggios_wait_timeout = usual  # type: ignore[attr-defined]


def _wait(raw: Connection, answer: Any, **options: Any) -> Any:
    if options.get("timeout") is not None:
        return psycopg.Connection.wait(raw, answer, **options)
    options["timeout"] = raw.aggios_wait_timeout  # type: ignore[attr-defined]
    try:
        return psycopg.Connection.wait(raw, answer, **options)
    except psycopg.errors._WaitTimeout as exc:
        raw.pgconn.finish()
        seconds = options["timeout"]
        raise ServerUnresponsive(f"PostgreSQL has not answered for {seconds:g} seconds.") from exc
