"""The options that runs over tenants share."""

import argparse
import os
import re
from argparse import ArgumentParser

from core.text.parsing import integer_argument

DURATION_PATTERN = re.compile(r"0|[1-9][0-9]{0,8}(ms|s|min|h)")
MAX_WORKERS = 8
# A process takes a second to start; this many tenants are done in less by those that run.
TENANTS_PER_WORKER = 50


def duration_argument(text: str) -> str:
    """Return a duration in PostgreSQL's form (``500ms``, ``2s``, ``10min``; ``0``: no limit)."""
    if not DURATION_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 500ms, 2s, 10min or 0")
    return text


def slugs_argument(text: str) -> list[str]:
    """Return the subdomains of a list such as ``acme,globex``."""
    return list(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add how a run goes about it."""
    parser.add_argument(
        "--parallel",
        type=integer_argument(1),
        metavar="N",
        help="worker processes (one per core, at most 8; fewer for few tenants)",
    )
    parser.add_argument(
        "--max-failures", type=integer_argument(1), metavar="N", help="stop after so many (go on)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def worker_count(tenants: int, wanted: int | None) -> int:
    """Return how many workers so many tenants get."""
    if wanted:
        return max(1, min(wanted, tenants))
    return max(1, min(os.cpu_count() or 1, MAX_WORKERS, -(-tenants // TENANTS_PER_WORKER)))
