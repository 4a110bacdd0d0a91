"""Transfers beside boto3 on the same store, and lists of many files."""

import argparse
import statistics
from typing import Any

from rich.progress import track

from bench import fetching
from bench.files import pages, site, transfers
from bench.files.site import Desk, Times
from bench.harness.report import console, machine, show, spread

TITLE = "files up and down beside boto3 on the same store, and pages of many files"
WAYS = {
    "up, signed addresses": "up, boto3",
    "up, through the backend": "up, boto3",
    "down, signed address": "down, boto3",
    "down, signed address, no proxy": "down, boto3",
    "down in one, signed address": "down in one, boto3",
    "down in one, through the backend": "down in one, boto3",
}
FIRST, FAR = 1, 1000


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about, times = machine(), Times()
    with (
        site.a_file(options.megabytes) as file,
        site.a_desk(file, options.at_once) as desk,
    ):
        rounds = track(range(options.rounds), "Transfers", console=console, transient=True)
        growth = [_transfer(desk, times) for _ in rounds]
        found = _pages(desk, options)
    _print(options, about, times, growth, found)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench files", description=TITLE)
    add = parser.add_argument
    add("--megabytes", type=int, default=256, help="size of the file, MiB (256)")
    add("--rounds", type=int, default=5, help="how often each way has its turn (5)")
    add("--at-once", type=int, default=4, help="parts under way at once (4)")
    add("--files", type=int, default=200_000, help="files of the long list (200000)")
    add("--seconds", type=float, default=3.0, help="seconds of asking for one page (3)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _transfer(desk: Desk, times: Times) -> int:
    """Send and read the file once each way; return how much a worker's memory grew, in bytes."""
    transfers.upload_by_boto3(desk, times)
    file_id = transfers.upload_direct(desk, times)
    growth = transfers.upload_through(desk, times)
    fetching.download_in_parts(desk, times, file_id)
    fetching.download_in_one(desk, times, file_id)
    return growth


def _pages(desk: Desk, options: argparse.Namespace) -> dict[int, Any]:
    """Ask for the first page and one far in, in turns."""
    pages.fill(desk, options.files)
    limit = 200 if options.files >= 200 * FAR else max(1, options.files // FAR)
    paths = {number: pages.path_of_page(desk, number, limit) for number in (FIRST, FAR)}
    found: dict[int, list[float]] = {FIRST: [], FAR: []}
    for _ in track(range(options.rounds), "Pages", console=console, transient=True):
        for number, path in paths.items():
            load = pages.read(desk, path, seconds=options.seconds, connections=8)
            found[number].append(load.rate)
    return found


def _print(
    options: argparse.Namespace,
    about: dict[str, Any],
    times: Times,
    growth: list[int],
    rates: dict[int, list[float]],
) -> None:
    speeds = {
        way: [options.megabytes / second for second in seconds]
        for way, seconds in times.seconds.items()
    }
    ratios = {way: _ratio(speeds[way], speeds[base]) for way, base in WAYS.items()}
    far = _ratio(rates[FIRST], rates[FAR])
    show(
        {
            "bench": "files",
            "machine": about,
            "settings": {k: v for k, v in vars(options).items() if k != "json"},
            "mebibytes_per_second": speeds,
            "ratios": ratios,
            "worker_growth_bytes": growth,
            "pages_per_second": {str(number): found for number, found in rates.items()},
            "first_page_against_far": far,
        },
        as_json=options.json,
        title=f"A file of {options.megabytes} MiB, {options.rounds} rounds in turns",
        columns=("way", "MiB/s", "of boto3"),
        rows=[
            (way, spread(found, 0), f"{ratios[way]:.2f}" if way in ratios else "")
            for way, found in speeds.items()
        ],
        closing=[
            f"A worker's memory grew by {max(growth) / 1e6:.0f} MB at most.",
            (
                f"Of {options.files} files, pages a second: the first {spread(rates[FIRST], 0)}, "
                f"page {FAR} {spread(rates[FAR], 0)}; first / far {far:.2f}."
            ),
        ],
    )


def _ratio(mine: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
