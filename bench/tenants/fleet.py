"""The time to migrate a fleet, compared with django-tenants: nothing to do, and one new field."""

import argparse
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bench.harness.report import console, machine, show, spread
from bench.harness.servers import run
from bench.stock import database
from devstack.environment import inherited_environment
from devstack.testing import TestStack, temporary_stack

TITLE = "seconds to migrate a fleet, compared with migrate_schemas --executor=multiprocessing"
TARGETS = {"nothing": 50.0, "add_field": 3.0}
WITH_FIELD = (
    "SELECT count(*) FROM information_schema.columns "
    "WHERE table_name = 'ledger_entry' AND column_name = 'note' AND table_schema <> %s"
)
TEMPLATE = "t_" + "0" * 32
Env = dict[str, str]


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "fleet", "machine": machine(), "tenants": options.tenants}
    with temporary_stack(("postgres", "valkey")) as stack:
        ours, stock = _environments(stack)
        _fill(ours, stock, options.tenants)
        result["nothing"] = _compare(ours, stock, options.rounds, "Nothing to do")
        release = {"BENCH_LEDGER": "after"}
        result["add_field"] = _compare({**ours, **release}, {**stock, **release}, 1, "One field")
        result["with_field"] = _with_field(stack, stock)
    assert set(result["with_field"].values()) == {options.tenants}, result["with_field"]
    result["targets"] = TARGETS
    _show(result, as_json=options.json)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench fleet", description=TITLE)
    parser.add_argument("--tenants", type=int, default=1000, help="tenants of each side (1000)")
    parser.add_argument("--rounds", type=int, default=1, help="repetitions with nothing to do (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _environments(stack: TestStack) -> tuple[Env, Env]:
    before = {"BENCH_LEDGER": "before"}
    ours = {
        **inherited_environment(),
        **stack.env,
        **before,
        "DJANGO_SETTINGS_MODULE": "bench.tenants.settings_fleet",
    }
    return ours, {**database.environment(stack, "bench.stock.settings_same_models"), **before}


def _fill(ours: Env, stock: Env, tenants: int) -> None:
    for command in ("bootstrap_database", "migrate_schemas"):
        run([sys.executable, "manage.py", command], ours)
    with console.status(f"Creating {tenants} tenants on each side"):
        run([sys.executable, "-m", "bench.harness.provision", "fleet", str(tenants)], ours)
        run([sys.executable, "-m", "bench.stock.provision", "fleet", str(tenants)], stock)


def _compare(ours: Env, stock: Env, repetitions: int, title: str) -> dict[str, list[float]]:
    mine: list[float] = []
    theirs: list[float] = []
    with console.status(title):
        for _ in range(repetitions):
            mine.append(_seconds([sys.executable, "manage.py", "migrate_schemas"], ours))
            arguments = ["-m", "django", "migrate_schemas", "--executor=multiprocessing"]
            theirs.append(_seconds([sys.executable, *arguments], stock))
    return {"ours": mine, "stock": theirs}


def _seconds(command: list[str], env: Env) -> float:
    """Return the time of a command, the start of its interpreter included."""
    started = time.perf_counter()
    run(command, env)
    return time.perf_counter() - started


def _with_field(stack: TestStack, stock: Env) -> dict[str, int]:
    server = urlsplit(stack.env["DATABASE_SUPERUSER_URL"])
    urls = {
        "ours": server._replace(path="/aggios").geturl(),
        "stock": stock["STOCK_DATABASE_URL"],
    }
    found = {}
    for side, url in urls.items():
        with psycopg.connect(url) as connection:
            row = connection.execute(WITH_FIELD, [TEMPLATE]).fetchone()
            found[side] = row[0] if row else 0
    return found


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    rows, closing = [], []
    for name, label in (("nothing", "nothing to do"), ("add_field", "one AddField")):
        measured = result[name]
        pairs = zip(measured["ours"], measured["stock"], strict=True)
        ratios = [theirs / mine for mine, theirs in pairs]
        measured["ratio"] = statistics.median(ratios)
        rows.append((label, spread(measured["ours"]), spread(measured["stock"]), spread(ratios, 1)))
        closing.append(f"Target, {label}: at least {TARGETS[name]:.0f} times faster.")
    show(
        result,
        as_json=as_json,
        title=f"{result['tenants']} tenants: seconds",
        columns=("run", "Aggios, migrate_schemas", "stock, multiprocessing", "times faster"),
        rows=rows,
        closing=closing,
    )
