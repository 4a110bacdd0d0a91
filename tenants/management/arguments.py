"""Arguments that several commands share, and the tenants that they name.

A command about one tenant takes it as its first argument. A command about many takes ``--tenant``,
which can be repeated, or ``--all``. Every name may be a subdomain, an id, a host name or a custom
domain (tenants/lookup.py).
"""

import argparse
import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.text.parsing import integer_argument
from tenants.lookup import tenant_by_name
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import operable_tenants

ONE_TENANT = "a tenant: its subdomain, id, host name or custom domain"
DURATION_PATTERN = re.compile(r"0|[1-9][0-9]{0,8}(ms|s|min|h)")


def add_slug_argument(parser: ArgumentParser, help: str = ONE_TENANT) -> None:  # noqa: A002 - as in argparse
    """Add the positional argument ``slug`` of a command about one tenant."""
    parser.add_argument("slug", metavar="TENANT", help=help)


def add_tenants_arguments(parser: ArgumentParser, *, otherwise: str = "") -> None:
    """Add ``--tenant`` and ``--all`` of a command about many tenants.

    ``otherwise`` tells what happens without both; if it is empty, one of them is required
    (``selected_tenants``). Names without ``--tenant`` are accepted as well.
    """
    parser.add_argument("names", nargs="*", metavar="TENANT", help=f"as --tenant{otherwise}")
    add_tenant_option(parser)
    parser.add_argument("--all", action="store_true", help="every tenant that can be used")


def add_tenant_option(parser: "argparse._ActionsContainer") -> None:
    """Add ``--tenant``, which can be repeated."""
    parser.add_argument(
        "--tenant", action="append", metavar="TENANT", default=[], help=f"{ONE_TENANT}; repeatable"
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


def listed_names(options: dict[str, Any]) -> list[str] | None:
    """Return the names of ``--tenant`` and of ``--tenants a,b``; None if there is none."""
    return [*options["tenant"], *(options["tenants"] or [])] or None


def named_tenant(name: str) -> Tenant:
    """Return the tenant with this name: a subdomain, an id, a host, a custom domain.

    Raises: CommandError.
    """
    try:
        return tenant_by_name(name)
    except TenantNotFound as exc:
        raise CommandError(exc.detail) from exc


def given_names(options: dict[str, Any]) -> list[str]:
    """Return the names in the arguments of ``add_tenants_arguments``, each once.

    Raises: CommandError if ``--all`` is given too.
    """
    names = list(dict.fromkeys([*options.get("names", []), *options["tenant"]]))
    if names and options["all"]:
        raise CommandError("Give names of tenants or --all, not both.", returncode=2)
    return names


def selected_tenants(options: dict[str, Any], *, required: bool = False) -> list[Tenant]:
    """Return the tenants of ``add_tenants_arguments``, each once; all operable ones by default.

    With ``required``, all are meant only if ``--all`` is given.

    Raises: CommandError.
    """
    names = given_names(options)
    if not names:
        if required and not options["all"]:
            raise CommandError("Name some tenants with --tenant, or give --all.", returncode=2)
        return list(operable_tenants())
    found = {tenant.pk: tenant for tenant in map(named_tenant, names)}
    return list(found.values())
