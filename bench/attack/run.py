"""The attack as a command: both sides, lasting and pooled connections, and what came of it."""

import argparse
import time
from typing import Any

from bench.attack.attacker import Attacker
from bench.attack.cases import EVERY_KIND
from bench.attack.clients import Clients
from bench.attack.proxy import Wire
from bench.attack.sides import OURS, STOCK, TENANTS, Side, misplaced, ours, served, stock
from bench.harness.report import console, machine, show
from bench.harness.servers import stores
from devstack.testing import TestStack

TITLE = "requests of every kind while their backends are cancelled and ended; beside stock"
CONNECTIONS = ("persistent", "pool")
CLIENTS = 10
SHOWN = 5


def main(arguments: list[str]) -> int:
    """Attack, print what was done, and return 1 if an answer of ours held a foreign row."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "attack", "machine": machine(), "runs": []}
    with stores("bench.attack.settings_ours") as stack:
        for make in [ours] * (options.side != STOCK) + [stock] * (options.side != OURS):
            side = make(stack)
            for connections in CONNECTIONS:
                console.print(f"Attacking {side.name}, {connections} connections …")
                result["runs"].append(_attack(stack, side, connections, options))
    _print(result, options)
    own = [run for run in result["runs"] if run["side"] == OURS]
    return int(any(run["crossings"] or run["misplaced"] or run["incomplete"] for run in own))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench attack",
        description=TITLE,
        epilog="For example: python -m bench attack --requests 50000 --side both",
    )
    add = parser.add_argument
    add("--requests", type=int, default=5000, help="of each side, over both kinds of connection")
    add("--side", choices=(OURS, STOCK, "both"), default="both")
    add("--aim", type=float, default=0.04, help="part of the context switches struck (0.04)")
    add("--enough", type=int, default=20, help="crossings that end a run of stock (20)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _attack(
    stack: TestStack, side: Side, connections: str, options: argparse.Namespace
) -> dict[str, Any]:
    attacker = Attacker(stack.env["DATABASE_SUPERUSER_URL"], side.login)
    wire = Wire(stack.ports["postgres"], attacker.strike, options.aim)
    stop_at = options.enough if side.name == STOCK else 0
    began = time.monotonic()
    with wire.open(), served(stack, side, connections, wire) as web, attacker.raging():
        clients = Clients(web.port, side.domain, TENANTS, stop_at=stop_at)
        tally = clients.run(options.requests // len(CONNECTIONS), CLIENTS)
    attacker.close()
    return {
        "side": side.name,
        "connections": connections,
        "requests": tally.requests,
        "seconds": round(time.monotonic() - began, 1),
        "kinds": dict(tally.kinds),
        "good": dict(tally.good),
        "failed": tally.failed,
        "broken_off": tally.broken_off,
        "seen": dict(wire.seen),
        "incomplete": tally.incomplete,
        "crossings": tally.crossings,
        "misplaced": misplaced(stack, side),
    }


def _print(result: dict[str, Any], options: argparse.Namespace) -> None:
    runs = result["runs"]
    names = [f"{run['side']}, {run['connections']}" for run in runs]
    rows = [(kind, *(str(run["kinds"].get(kind, 0)) for run in runs)) for kind in EVERY_KIND]
    rows += [(title, *(str(value(run)) for run in runs)) for title, value in LINES]
    closing = [f"{run['side']}: {text}" for run in runs for text in run["crossings"][:SHOWN]]
    for kind in ("misplaced", "incomplete"):
        closing += [f"{run['side']}: {text}" for run in runs for text in run[kind][:SHOWN]]
    show(
        result,
        as_json=options.json,
        title="Requests by kind, what hit them, and what came of it",
        columns=("", *names),
        rows=rows,
        closing=closing,
    )


def _seen(name: str) -> Any:
    return lambda run: run["seen"].get(name, 0)


LINES: list[tuple[str, Any]] = [
    ("all requests", lambda run: run["requests"]),
    ("seconds", lambda run: run["seconds"]),
    ("every row came", lambda run: sum(run["good"].values())),
    ("an error came", lambda run: run["failed"]),
    ("broken off", lambda run: run["broken_off"]),
    ("context switches", _seen("switches")),
    ("… cancelled", _seen("switches_cancelled")),
    ("… ended", _seen("switches_ended")),
    ("others cancelled", _seen("others_cancelled")),
    ("others ended", _seen("others_ended")),
    ("rows missing", lambda run: len(run["incomplete"])),
    ("rows misplaced", lambda run: len(run["misplaced"])),
    ("FOREIGN ROWS", lambda run: len(run["crossings"])),
]
