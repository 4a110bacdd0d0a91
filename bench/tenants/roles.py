"""What a tenant's role costs: a context switch with and without it, among few roles and many."""

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

TITLE = "what a tenant's role costs a statement, among 10 roles and among 1 000"
ROLES_PER_TRANSACTION = 100


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    sizes = sorted({10, options.tenants})
    with stores() as stack:
        found = {size: _at(stack, size, options) for size in sizes}
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
    add("--tenants", type=int, default=1000, help="how many roles the second time (1000)")
    add("--rounds", type=int, default=300, help="switches of each sort (300)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _role(number: int) -> str:
    return f"t_{number:032x}"


def _at(stack: TestStack, size: int, options: argparse.Namespace) -> dict[str, list[float]]:
    """Make roles until there are ``size``, and measure."""
    _make_roles(stack, size)
    measured: dict[str, list[float]] = {}
    rounds = max(3, options.rounds // 10)
    for _ in track(range(rounds), f"{size} roles", console=console, transient=True):
        with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as fresh:
            _enter(fresh, "none")  # what any first statement costs is not the role's
            _note(measured, "first role of a session", _enter(fresh, _role(1)))
            _note(measured, "second role of a session", _enter(fresh, _role(2)))
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as lasting:
        _steady(lasting, size, options.rounds, measured)
        for number in range(rounds):
            _regrant(stack, _role(1 + number % size))
            _note(measured, "first after a GRANT elsewhere", _enter(lasting, _role(3)))
    return measured


def _steady(
    lasting: psycopg.Connection, size: int, rounds: int, measured: dict[str, list[float]]
) -> None:
    """Take turns: a switch of the path alone, one to a role as well, and the smallest query."""
    for number in range(2 * rounds):
        role = _role(1 + number % size)
        kept = number >= rounds  # the first half fills the caches with every role
        path_alone, with_role = _enter(lasting, "none", role), _enter(lasting, role)
        began = time.perf_counter()
        lasting.execute("SELECT 1")
        smallest = (time.perf_counter() - began) * 1e6
        if kept:
            _note(measured, "switch of the path alone", path_alone)
            _note(measured, "switch of path and role", with_role)
            _note(measured, "SELECT 1, for comparison", smallest)


def _note(measured: dict[str, list[float]], name: str, microseconds: float) -> None:
    measured.setdefault(name, []).append(microseconds)


def _enter(connection: psycopg.Connection, role: str, path: str = "") -> float:
    """Send the statement that the backend sends and return its microseconds."""
    cursor = psycopg.ClientCursor(connection)
    began = time.perf_counter()
    cursor.execute(SET_SCOPE_SQL, (path or role, role, ""))
    return (time.perf_counter() - began) * 1e6


def _make_roles(stack: TestStack, size: int) -> None:
    """Make the roles as provisioning does; they own nothing, so no schemas are needed."""
    login = sql.Identifier("aggios_app")
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as owner:
        row = owner.execute("SELECT count(*) FROM pg_roles WHERE rolname ~ '^t_0+[1-9a-f]'")
        known = int(row.fetchone()[0])  # type: ignore[index]
        for start in range(known + 1, size + 1, ROLES_PER_TRANSACTION):
            with owner.transaction():
                for number in range(start, min(start + ROLES_PER_TRANSACTION, size + 1)):
                    name = sql.Identifier(_role(number))
                    owner.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
                    grant = "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE"
                    owner.execute(sql.SQL(grant).format(name, login))


def _regrant(stack: TestStack, role: str) -> None:
    """Make everybody's knowledge of memberships stale, as the creation of a tenant does."""
    name, login = sql.Identifier(role), sql.Identifier("aggios_app")
    with psycopg.connect(stack.env["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(sql.SQL("REVOKE {} FROM {}").format(name, login))
        grant = "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE"
        owner.execute(sql.SQL(grant).format(name, login))
