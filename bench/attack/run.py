"""The attack: both sides, each with persistent and with pooled connections, and its results."""

import argparse
import time
from typing import Any

from bench.attack.cases import EVERY_KIND
from bench.attack.clients import Clients
from bench.attack.proxy import Attacker, Proxy
from bench.attack.sides import OURS, STOCK, TENANTS, Side, misplaced, ours, served, stock
from bench.harness.report import console, machine, show
from bench.harness.servers import stores
from devstack.testing import TestStack

TITLE = "isolation while database backends are cancelled and terminated, compared with stock"
CONNECTIONS = ("persistent", "pool")
CLIENTS = 10
SHOWN = 5


def main(arguments: list[str]) -> int:
    """Attack and print the results; return 1 if Aggios showed, lost or misplaced a row."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "attack", "machine": machine(), "runs": []}
    with stores("bench.attack.settings_ours") as stack:
        for prepare in [ours] * (options.side != STOCK) + [stock] * (options.side != OURS):
            side = prepare(stack)
            for connections in CONNECTIONS:
                console.print(f"Attacking {side.name}, {connections} connections …")
                result["runs"].append(_attack(stack, side, connections, options))
    _print(result, options)
    own = [run for run in result["runs"] if run["side"] == OURS]
    return int(any(run["foreign"] or run["misplaced"] or run["incomplete"] for run in own))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench attack",
        description=TITLE,
        epilog="For example: python -m bench attack --requests 50000 --side both",
    )
    add = parser.add_argument
    add(
        "--requests",
        type=int,
        default=5000,
        help="requests of each side, with both kinds of connection (5000)",
    )
    add("--side", choices=(OURS, STOCK, "both"), default="both", help="sides (both)")
    add(
        "--aim",
        type=float,
        default=0.04,
        help="part of the context switches that are attacked (0.04)",
    )
    add(
        "--enough",
        type=int,
        default=20,
        help="responses with foreign rows that end a run of stock (20)",
    )
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _attack(
    stack: TestStack, side: Side, connections: str, options: argparse.Namespace
) -> dict[str, Any]:
    attacker = Attacker(stack.env["DATABASE_SUPERUSER_URL"], side.login)
    proxy = Proxy(stack.ports["postgres"], attacker.attack, options.aim)
    stop_at = options.enough if side.name == STOCK else 0
    started = time.monotonic()
    with (
        proxy.open(),
        served(stack, side, connections, proxy) as web,
        attacker.attacking_at_random(),
    ):
        clients = Clients(web.port, side.domain, TENANTS, stop_at=stop_at)
        tally = clients.run(options.requests // len(CONNECTIONS), CLIENTS)
    attacker.close()
    return {
        "side": side.name,
        "connections": connections,
        "requests": tally.requests,
        "seconds": round(time.monotonic() - started, 1),
        "kinds": dict(tally.kinds),
        "complete": dict(tally.complete),
        "failed": tally.failed,
        "interrupted": tally.interrupted,
        "seen": dict(proxy.seen),
        "incomplete": tally.incomplete,
        "foreign": tally.foreign,
        "misplaced": misplaced(stack, side),
    }


def _print(result: dict[str, Any], options: argparse.Namespace) -> None:
    runs = result["runs"]
    names = [f"{run['side']}, {run['connections']}" for run in runs]
    rows = [(kind, *(str(run["kinds"].get(kind, 0)) for run in runs)) for kind in EVERY_KIND]
    rows += [(title, *(str(value(run)) for run in runs)) for title, value in LINES]
    closing = [f"{run['side']}: {text}" for run in runs for text in run["foreign"][:SHOWN]]
    for kind in ("misplaced", "incomplete"):
        closing += [f"{run['side']}: {text}" for run in runs for text in run[kind][:SHOWN]]
    show(
        result,
        as_json=options.json,
        title="Requests by kind, attacks and results",
        columns=("", *names),
        rows=rows,
        closing=closing,
    )


def _seen(name: str) -> Any:
    return lambda run: run["seen"].get(name, 0)


LINES: list[tuple[str, Any]] = [
    ("all requests", lambda run: run["requests"]),
    ("seconds", lambda run: run["seconds"]),
    ("complete", lambda run: sum(run["complete"].values())),
    ("errors", lambda run: run["failed"]),
    ("interrupted", lambda run: run["interrupted"]),
    ("context switches", _seen("switches")),
    ("… cancelled", _seen("switches_cancelled")),
    ("… terminated", _seen("switches_terminated")),
    ("others cancelled", _seen("others_cancelled")),
    ("others terminated", _seen("others_terminated")),
    ("rows missing", lambda run: len(run["incomplete"])),
    ("rows misplaced", lambda run: len(run["misplaced"])),
    ("FOREIGN ROWS", lambda run: len(run["foreign"])),
]
