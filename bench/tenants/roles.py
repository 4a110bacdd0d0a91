"""The cost of a tenant's role: a context switch with and without it, with few and many roles."""

import argparse
import statistics
import time

import psycopg
from psycopg import sql
from rich.progress import track

from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import stores
from core.db_backend.base import SET_SCOPE_SQL
from devstack.testing import TestStack

TITLE = "cost of a tenant's role in a context switch, with 10 roles and with 1 000"
ROLES_PER_TRANSACTION = 100


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    sizes = sorted({10, options.tenants})
    with stores() as stack:
        found = {size: _measure(stack, size, options) for size in sizes}
    rows = [
        (f"{size} roles: {name}", spread(values, 1), f"{percentile(values, 95):.1f}")
        for size, measured in found.items()
        for name, values in measured.items()
    ]
    result = {
        "bench": "roles",
        "machine": about,
        "microseconds": {
            size: {name: statistics.median(values) for name, values in measured.items()}
            for size, measured in found.items()
        },
    }
    show(
        result,
        as_json=options.json,
        title="One connection of the application's login, microseconds",
        columns=("", "median (least - most)", "p95"),
        rows=rows,
        closing=[],
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench roles",
        description=TITLE,
        epilog="For example: python -m bench roles --tenants 1000",
    )
    add = parser.add_argument
    add("--tenants", type=int, default=1000, help="roles in the second measurement (1000)")
    add("--rounds", type=int, default=300, help="switches of each kind (300)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _role(number: int) -> str:
    return f"t_{number:032x}"


def _measure(stack: TestStack, size: int, options: argparse.Namespace) -> dict[str, list[float]]:
    """Create roles until there are ``size``, and measure."""
    _create_roles(stack, size)
    measured: dict[str, list[float]] = {}
    repetitions = max(3, options.rounds // 10)
    for _ in track(range(repetitions), f"{size} roles", console=console, transient=True):
        with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as fresh:
            _switch(fresh, "none")  # the cost of any first statement is not that of the role
            _add(measured, "first role of a session", _switch(fresh, _role(1)))
            _add(measured, "second role of a session", _switch(fresh, _role(2)))
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as persistent:
        _measure_persistent(persistent, size, options.rounds, measured)
        for number in range(repetitions):
            _regrant(stack, _role(1 + number % size))
            _add(measured, "first after a GRANT elsewhere", _switch(persistent, _role(3)))
    return measured


def _measure_persistent(
    connection: psycopg.Connection, size: int, repetitions: int, measured: dict[str, list[float]]
) -> None:
    """Measure in turns: a switch of the path only, of path and role, and the smallest query."""
    for number in range(2 * repetitions):
        role = _role(1 + number % size)
        counted = number >= repetitions  # the first half fills the caches with every role
        path_only, with_role = _switch(connection, "none", role), _switch(connection, role)
        started = time.perf_counter()
        connection.execute("SELECT 1")
        smallest = (time.perf_counter() - started) * 1e6
        if counted:
            _add(measured, "switch of the path only", path_only)
            _add(measured, "switch of path and role", with_role)
            _add(measured, "SELECT 1, for comparison", smallest)


def _add(measured: dict[str, list[float]], name: str, microseconds: float) -> None:
    measured.setdefault(name, []).append(microseconds)


def _switch(connection: psycopg.Connection, role: str, path: str = "") -> float:
    """Execute the statement of the database backend and return its microseconds."""
    cursor = psycopg.ClientCursor(connection)
    started = time.perf_counter()
    cursor.execute(SET_SCOPE_SQL, (path or role, role, ""))
    return (time.perf_counter() - started) * 1e6


def _create_roles(stack: TestStack, size: int) -> None:
    """Create roles as provisioning does; they own nothing, so they need no schemas."""
    login = sql.Identifier("aggios_app")
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as owner:
        row = owner.execute("SELECT count(*) FROM pg_roles WHERE rolname ~ '^t_0+[1-9a-f]'")
        existing = int(row.fetchone()[0])  # type: ignore[index]
        for start in range(existing + 1, size + 1, ROLES_PER_TRANSACTION):
            with owner.transaction():
                for number in range(start, min(start + ROLES_PER_TRANSACTION, size + 1)):
                    name = sql.Identifier(_role(number))
                    owner.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
                    grant = "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE"
                    owner.execute(sql.SQL(grant).format(name, login))


def _regrant(stack: TestStack, role: str) -> None:
    """Invalidate the memberships that sessions have cached, as the creation of a tenant does."""
    name, login = sql.Identifier(role), sql.Identifier("aggios_app")
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(sql.SQL("REVOKE {} FROM {}").format(name, login))
        grant = "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE"
        owner.execute(sql.SQL(grant).format(name, login))
