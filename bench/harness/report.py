"""The output of a benchmark: the machine and a table, or all data as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# Progress goes to standard error, so that standard output holds only the result.
console = Console(stderr=True)


def machine() -> dict[str, Any]:
    """Describe the machine of the measurement."""
    return {
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_at_start": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Return ``median (least - most)`` as text."""
    low, high = min(values), max(values)
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} - {high:.{digits}f})"


def show(
    result: dict[str, Any],
    *,
    as_json: bool,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    closing: Sequence[str],
) -> None:
    """Print the table with its closing lines, or ``result`` as one JSON object."""
    if as_json:
        print(json.dumps(result, indent=2))
        return
    table = Table(*columns, title=title, title_justify="left")
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    out = Console(highlight=False)
    out.print(table)
    for line in closing:
        out.print(line)
    about = result["machine"]
    out.print(
        f"{about['cores']} cores ({about['processor']}), Python {about['python']}, "
        f"load average at the start {about['load_average_at_start']}"
    )
