"""The tenants that a command is about."""

import argparse
import os
import re
from argparse import ArgumentParser

from django.core.management.base import CommandError

from core.text.parsing import integer_argument
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import operable_tenants, tenant_by_slug

DURATION_PATTERN = re.compile(r"0|[1-9][0-9]{0,8}(ms|s|min|h)")


MAX_WORKERS = 8


# A process takes a second to start; this many tenants are done in less by those that run.
TENANTS_PER_WORKER = 50


def named_tenant(slug: str) -> Tenant:
    """Return the tenant with this subdomain. Raises CommandError."""
    try:
        return tenant_by_slug(slug)
    except TenantNotFound as exc:
        raise CommandError(exc.detail) from exc


def selected_tenants(slugs: list[str]) -> list[Tenant]:
    """Return the tenants with these subdomains, all that are present where none is named.

    Raises CommandError.
    """
    return [named_tenant(slug) for slug in slugs] if slugs else list(operable_tenants())


# The options that runs over tenants share.


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
