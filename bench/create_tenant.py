"""How long a tenant takes: our service beside django-tenants' migrations of the same models."""

import argparse
import statistics
from typing import Any

from rich.progress import track

from bench import baseline
from bench.report import console, machine, percentile, show, spread
from bench.servers import stores, web_environment
from bench.turns import player

TITLE = "seconds to create a tenant, beside migrate_schemas of the same models"
TARGET_SECONDS = 0.25
TARGET_TIMES = 4.0


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "create_tenant", "machine": machine()}
    ours, stock = _measure(options.rounds)
    ratios = [theirs / mine for mine, theirs in zip(ours, stock, strict=True)]
    result.update(
        rounds=options.rounds,
        ours=_summary(ours),
        stock=_summary(stock),
        ratio={"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)},
        targets={"seconds": TARGET_SECONDS, "times": TARGET_TIMES},
    )
    show(
        result,
        as_json=options.json,
        title=f"One tenant, {options.rounds} pairs in turns: seconds",
        columns=("side", "median (least - most)", "p95"),
        rows=[
            ("Aggios, create_tenant", spread(ours, 3), f"{percentile(ours, 95):.3f}"),
            ("stock, TenantMixin.save", spread(stock, 3), f"{percentile(stock, 95):.3f}"),
        ],
        closing=[
            f"Times faster, pair by pair: {spread(ratios)}.",
            f"Targets: median below {TARGET_SECONDS} s, at least {TARGET_TIMES:.0f} times faster.",
        ],
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench create_tenant", description=TITLE)
    parser.add_argument("--rounds", type=int, default=20, help="pairs of tenants (20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _measure(rounds: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    stock: list[float] = []
    with stores() as stack:
        env = baseline.environment(stack, "bench.stock.settings_same_models")
        with (
            player("bench.create_ours", web_environment(stack)) as mine,
            player("bench.stock.create", env) as theirs,
        ):
            # The first of each loads code and fills caches; no later one pays for that.
            mine.turn("warmup")
            theirs.turn("warmup")
            for number in track(range(rounds), "Creating", console=console, transient=True):
                ours.append(mine.turn(f"tenant{number}"))
                stock.append(theirs.turn(f"tenant{number}"))
    return ours, stock


def _summary(seconds: list[float]) -> dict[str, Any]:
    return {
        "median": statistics.median(seconds),
        "p95": percentile(seconds, 95),
        "least": min(seconds),
        "most": max(seconds),
    }
