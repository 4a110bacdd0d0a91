"""Arguments that several commands share, and the tenants that they name."""

import argparse
import re
from argparse import ArgumentParser

from django.core.management.base import CommandError

from core.text.parsing import integer_argument
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import operable_tenants, tenant_by_slug

DURATION_PATTERN = re.compile(r"0|[1-9][0-9]{0,8}(ms|s|min|h)")


def add_slug_argument(parser: ArgumentParser, help: str = "the tenant's subdomain") -> None:  # noqa: A002 - as in argparse
    """Add the positional argument ``slug``."""
    parser.add_argument("slug", help=help)


def add_tenants_argument(parser: "argparse._ActionsContainer") -> None:
    """Add ``--tenant``, which can be repeated; without it the command is about all tenants."""
    parser.add_argument(
        "--tenant", action="append", metavar="SLUG", default=[], help="one; can be repeated"
    )


def add_yes_argument(parser: ArgumentParser) -> None:
    """Add ``--yes``, which skips the confirmation."""
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def add_dry_run_argument(parser: ArgumentParser, help: str) -> None:  # noqa: A002 - as in argparse
    """Add ``--dry-run``; ``help`` says what it shows."""
    parser.add_argument("--dry-run", action="store_true", help=help)


def add_json_argument(parser: ArgumentParser, kind: str = "a JSON object") -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help=f"print {kind}")


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of runs over many tenants (tenants/fleet)."""
    parser.add_argument(
        "--parallel",
        type=integer_argument(1),
        metavar="N",
        help="worker processes (one per core, at most 8; fewer for few tenants)",
    )
    parser.add_argument(
        "--max-failures",
        type=integer_argument(1),
        metavar="N",
        help="stop after N failures (default: do not stop)",
    )
    add_json_argument(parser)


def duration_argument(text: str) -> str:
    """Parse a duration in PostgreSQL's form (``500ms``, ``2s``, ``10min``; ``0``: no limit)."""
    if not DURATION_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 500ms, 2s, 10min or 0")
    return text


def slugs_argument(text: str) -> list[str]:
    """Parse a list of subdomains such as ``acme,globex``."""
    return list(dict.fromkeys(word.strip().lower() for word in text.split(",") if word.strip()))


def named_tenant(slug: str) -> Tenant:
    """Return the tenant with this subdomain.

    Raises: CommandError.
    """
    try:
        return tenant_by_slug(slug)
    except TenantNotFound as exc:
        raise CommandError(exc.detail) from exc


def selected_tenants(slugs: list[str]) -> list[Tenant]:
    """Return the tenants with these subdomains, or all operable tenants if none is given.

    Raises: CommandError.
    """
    return [named_tenant(slug) for slug in slugs] if slugs else list(operable_tenants())
