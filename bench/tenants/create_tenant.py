"""The time to create a tenant, compared with django-tenants' migrations of the same models."""

import argparse
import contextlib
import itertools
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.progress import track

from bench.harness.alternation import MeasuredProcess, measured_process
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import stores, web_environment
from bench.harness.tenants import fill_up
from bench.stock import database

TITLE = "seconds to create a tenant, compared with migrate_schemas of the same models"
TARGET_TIMES = 5.0
TARGET_GROWTH = 2.0
PROCESSES = 4
SIDES = {"Aggios": "bench.harness.provision", "stock": "bench.stock.provision"}
ALONE, CONCURRENT = "alone", "4 at once"

Processes = dict[str, list[MeasuredProcess]]
Seconds = dict[str, dict[str, list[float]]]


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "create_tenant", "machine": machine()}
    sizes = _measure(options)
    result.update(
        rounds=options.rounds,
        existing=[_summary(size, seconds) for size, seconds in sizes.items()],
        growth={how: _growth(sizes, how) for how in (ALONE, CONCURRENT)},
        targets={"times": TARGET_TIMES, "growth": TARGET_GROWTH},
    )
    show(
        result,
        as_json=options.json,
        title=f"One tenant, seconds; {options.rounds} of each, the sides in turns",
        columns=("tenants, how", "side", "median (least - most)", "p95"),
        rows=[
            (f"{size}, {how}", side, spread(values, 3), f"{percentile(values, 95):.3f}")
            for size, seconds in sizes.items()
            for how in (ALONE, CONCURRENT)
            for side, values in seconds[how].items()
        ],
        closing=[
            *(_times_faster(size, seconds) for size, seconds in sizes.items()),
            _growth_text(sizes),
            f"Targets: {TARGET_TIMES:.0f} times faster than stock, which keeps its few tenants,",
            f"and at most {TARGET_GROWTH:.0f} times as long.",
        ],
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench create_tenant",
        description=TITLE,
        epilog="For example: python -m bench create_tenant --existing 10,1000,5000",
    )
    add = parser.add_argument
    add("--rounds", type=int, default=20, help="tenants of each side, alone and concurrently (20)")
    add("--existing", default="10", help="numbers of existing tenants, separated by commas (10)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace) -> dict[int, Seconds]:
    names = (f"tenant{number}" for number in itertools.count())
    sizes: dict[int, Seconds] = {}
    with stores() as stack, contextlib.ExitStack() as running:
        stock = database.environment(stack, "bench.stock.settings_same_models")
        environments = {"Aggios": web_environment(stack), "stock": stock}
        processes = {
            side: _start(running, module, environments[side], names)
            for side, module in SIDES.items()
        }
        for wanted in sorted(int(size) for size in options.existing.split(",")):
            fill_up(stack, wanted)
            sizes[wanted] = _measure_size(wanted, processes, options.rounds, names)
    return sizes


def _start(
    running: contextlib.ExitStack, module: str, env: dict[str, str], names: Iterator[str]
) -> list[MeasuredProcess]:
    """Start the processes of a side, which create concurrently."""
    processes = []
    for _ in range(PROCESSES):
        processes.append(running.enter_context(measured_process([module, "create"], env)))
        # The first tenant of a process loads code and fills caches; it is not counted.
        processes[-1].measure(next(names))
    return processes


def _measure_size(
    size: int, processes: Processes, repetitions: int, names: Iterator[str]
) -> Seconds:
    seconds: Seconds = {how: {side: [] for side in processes} for how in (ALONE, CONCURRENT)}
    for _ in track(range(repetitions), f"{size} tenants", console=console, transient=True):
        for side, mine in processes.items():
            seconds[ALONE][side].append(mine[0].measure(next(names)))
    with ThreadPoolExecutor(PROCESSES) as pool:
        for _ in range(-(-repetitions // PROCESSES)):
            for side, mine in processes.items():
                new = [next(names) for _ in mine]
                seconds[CONCURRENT][side] += pool.map(MeasuredProcess.measure, mine, new)
    return seconds


def _summary(size: int, seconds: Seconds) -> dict[str, Any]:
    return {
        "tenants": size,
        **{
            how: {
                side: {"median": statistics.median(values), "p95": percentile(values, 95)}
                for side, values in sides.items()
            }
            for how, sides in seconds.items()
        },
    }


def _times_faster(size: int, seconds: Seconds) -> str:
    pairs = zip(seconds[ALONE]["Aggios"], seconds[ALONE]["stock"], strict=True)
    ratios = [theirs / mine for mine, theirs in pairs]
    return f"Times faster than stock at {size} tenants, pair by pair: {spread(ratios)}."


def _growth_text(sizes: dict[int, Seconds]) -> str:
    times = [f"{_growth(sizes, how):.2f} times as long {how}" for how in (ALONE, CONCURRENT)]
    return f"At {max(sizes)} against {min(sizes)} tenants: {', '.join(times)}."


def _growth(sizes: dict[int, Seconds], how: str) -> float:
    first, last = (statistics.median(sizes[n][how]["Aggios"]) for n in (min(sizes), max(sizes)))
    return last / first
