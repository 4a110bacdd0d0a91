"""File transfers compared with boto3 on the same store, and lists of many files."""

import argparse
import statistics
from typing import Any

from rich.progress import track

from bench.files import pages, transfers
from bench.files.site import FileSite, Timings, file_site, random_file
from bench.harness.report import console, machine, show, spread

TITLE = "file transfers compared with boto3 on the same store, and pages of many files"
BOTO3_METHOD = {
    "up, presigned URLs": "up, boto3",
    "up, through the backend": "up, boto3",
    "down, presigned URL": "down, boto3",
    "down, presigned URL, no proxy": "down, boto3",
    "down in one, presigned URL": "down in one, boto3",
    "down in one, through the backend": "down in one, boto3",
}
FIRST, FAR = 1, 1000  # pages


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about, timings = machine(), Timings()
    with (
        random_file(options.megabytes) as file,
        file_site(file, options.concurrency) as site,
    ):
        repetitions = track(range(options.rounds), "Transfers", console=console, transient=True)
        growth = [_transfer(site, timings) for _ in repetitions]
        rates = _page_rates(site, options)
    _print(options, about, timings, growth, rates)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench files", description=TITLE)
    add = parser.add_argument
    add("--megabytes", type=int, default=256, help="size of the file, MiB (256)")
    add("--rounds", type=int, default=5, help="repetitions (5)")
    add("--concurrency", type=int, default=4, help="parts in transfer at once (4)")
    add("--files", type=int, default=200_000, help="files in the long list (200000)")
    add("--seconds", type=float, default=3.0, help="seconds of requesting one page (3)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _transfer(site: FileSite, timings: Timings) -> int:
    """Transfer the file once by each method; return the growth of a worker's memory in bytes."""
    transfers.upload_by_boto3(site, timings)
    file_id = transfers.upload_direct(site, timings)
    growth = transfers.upload_through_backend(site, timings)
    transfers.download_in_parts(site, timings, file_id)
    transfers.download_in_one(site, timings, file_id)
    return growth


def _page_rates(site: FileSite, options: argparse.Namespace) -> dict[int, list[float]]:
    """Measure the first page and a far one in turns; return pages per second."""
    pages.fill(site, options.files)
    limit = 200 if options.files >= 200 * FAR else max(1, options.files // FAR)
    paths = {number: pages.path_of_page(site, number, limit) for number in (FIRST, FAR)}
    rates: dict[int, list[float]] = {FIRST: [], FAR: []}
    for _ in track(range(options.rounds), "Pages", console=console, transient=True):
        for number, path in paths.items():
            load = pages.read(site, path, seconds=options.seconds, connections=8)
            rates[number].append(load.rate)
    return rates


def _print(
    options: argparse.Namespace,
    about: dict[str, Any],
    timings: Timings,
    growth: list[int],
    rates: dict[int, list[float]],
) -> None:
    speeds = {
        method: [options.megabytes / second for second in seconds]
        for method, seconds in timings.seconds.items()
    }
    ratios = {method: _ratio(speeds[method], speeds[base]) for method, base in BOTO3_METHOD.items()}
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
        columns=("method", "MiB/s", "of boto3"),
        rows=[
            (method, spread(found, 0), f"{ratios[method]:.2f}" if method in ratios else "")
            for method, found in speeds.items()
        ],
        closing=[
            f"A worker's memory grew by {max(growth) / 1e6:.0f} MB at most.",
            (
                f"Of {options.files} files, pages per second: the first {spread(rates[FIRST], 0)}, "
                f"page {FAR} {spread(rates[FAR], 0)}; first / far {far:.2f}."
            ),
        ],
    )


def _ratio(mine: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
