"""An end to waiting for a server that is there and does not answer.

A stopped process, a hung disk or a lost network keep a connection open; libpq's own timeouts
(``tcp_user_timeout``, keepalives) see nothing wrong while the other machine's kernel acknowledges
what is sent. psycopg waits for each answer in ``Connection.wait``, which can be told for how long:
that costs no thread and no further round trip. PostgreSQL's own ``statement_timeout`` comes first
where the server lives (aggios/settings/database.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


class ServerUnresponsive(psycopg.OperationalError):
    """No answer came in time. The connection has been closed: nobody knows what it was doing."""


def set_wait_timeout(raw: Connection, seconds: float) -> None:
    """End every wait of this connection after so many seconds, by closing it. 0 waits for ever."""
    if seconds:
        raw.aggios_patience = seconds  # type: ignore[attr-defined]
        raw.wait = partial(_wait, raw)  # type: ignore[method-assign]


@contextmanager
def limited_wait(raw: Connection, seconds: float) -> Iterator[None]:
    """Wait at most ``seconds`` in this block, unless the connection waits for ever anyway."""
    usual: float = getattr(raw, "aggios_patience", 0)
    raw.aggios_patience = min(usual, seconds)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        raw.aggios_patience = usual  # type: ignore[attr-defined]


def _wait(raw: Connection, answer: Any, **options: Any) -> Any:
    if options.get("timeout") is not None:
        return psycopg.Connection.wait(raw, answer, **options)
    options["timeout"] = raw.aggios_patience  # type: ignore[attr-defined]
    try:
        return psycopg.Connection.wait(raw, answer, **options)
    except psycopg.errors._WaitTimeout as exc:
        raw.pgconn.finish()
        seconds = options["timeout"]
        raise ServerUnresponsive(f"PostgreSQL has not answered for {seconds:g} seconds.") from exc
