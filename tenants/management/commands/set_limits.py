"""manage.py set_limits"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.text.normalization import pluralize
from core.text.parsing import parse_integer
from core.text.sizes import format_share, format_size, parse_size
from tenants.context import LIMIT_NAMES, MAX_LIMIT, UNLIMITED, limit_overrides, limits_from
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_slug_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant
from tenants.queries import get_tenant
from tenants.services import update_limits
from tenants.usage import last_usage

DEFAULT = "default"
WORDS = {DEFAULT: None, "unlimited": UNLIMITED}
LABELS = {
    "storage_bytes": "storage",
    "storage_objects": "objects",
    "file_max_bytes": "largest file",
}


def _limit_argument(parse: Callable[[str], int]) -> Callable[[str], int | str]:
    """Return an argparse type: a limit as a number, or one of the words in ``WORDS``."""

    def limit(text: str) -> int | str:
        if text.strip().lower() in WORDS:
            return text.strip().lower()
        try:
            value = parse(text)
        except ValueError as exc:
            raise ArgumentTypeError(f"{exc} Or give default or unlimited.") from exc
        if not 1 <= value <= MAX_LIMIT:
            raise ArgumentTypeError(f"{text} is not between 1 and {MAX_LIMIT}")
        return value

    return limit


class Command(TenantCommand):
    help = (
        "Set limits of one tenant. Without a limit, only show them. `default` follows the "
        "platform's setting again, `unlimited` is no limit. Uploads follow the new limits at once; "
        "files beyond them stay.\n\n"
        "Example: manage.py set_limits acme --storage 50GiB --objects 100000\n"
        "         manage.py set_limits acme --storage default --file-size 2GiB --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        size = _limit_argument(parse_size)
        helps = {
            "--storage": (size, "SIZE", "all objects together, such as 50GiB"),
            "--objects": (_limit_argument(parse_integer), "N", "how many: every version is one"),
            "--file-size": (size, "SIZE", "the largest file; at most FILE_MAX_BYTES"),
        }
        for (option, (kind, metavar, text)), name in zip(helps.items(), LIMIT_NAMES, strict=True):
            parser.add_argument(option, dest=name, type=kind, metavar=metavar, help=text)
        add_dry_run_argument(parser, "only show the limits before and after")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = named_tenant(options["slug"])
        given = {name: options[name] for name in LIMIT_NAMES if options[name] is not None}
        limits = {n: WORDS[v] if isinstance(v, str) else v for n, v in given.items()}
        dry_run = options["dry_run"] or not limits
        after = {**tenant.limits, **limits}
        if not dry_run:
            _require_changeable(tenant)
            update_limits(tenant.pk, limits=limits, actor=SYSTEM)
            after = get_tenant(tenant.pk).limits
        document = {
            "tenant": tenant.slug,
            "before": _limits(tenant.limits),
            "after": _limits({n: v for n, v in after.items() if v is not None}),
            "changed": not dry_run,
        }
        self.write_result(document, _format(tenant, document), as_json=options["json"])


def _require_changeable(tenant: Tenant) -> None:
    if tenant.status == Tenant.Status.DELETING:
        raise CommandError(
            f"{tenant.slug} is being deleted; nothing was changed. purge_tenants ends it."
        )


def _limits(stored: dict[str, Any]) -> dict[str, Any]:
    return {"own": limit_overrides(stored), "effective": asdict(limits_from(stored))}


def _format(tenant: Tenant, document: dict[str, Any]) -> str:
    before, after = document["before"], document["after"]
    lines = [_format_limit(name, before, after) for name in LIMIT_NAMES]
    verb = "" if document["changed"] or before == after else " (dry run, nothing was changed)"
    return "\n".join([f"{tenant.slug}{verb}", *lines, *_warnings(tenant, after["effective"])])


def _format_limit(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    was, now = (_format_value(name, limits) for limits in (before, after))
    return f"  {LABELS[name]:13} {was if was == now else f'{was} -> {now}'}"


def _format_value(name: str, limits: dict[str, Any]) -> str:
    value, own = limits["effective"][name], limits["own"][name]
    source = " (default)" if own is None else ""
    if value is None:
        return f"unlimited{source}"
    text = str(value) if name == "storage_objects" else format_size(value)
    return f"{text}{source}"


def _warnings(tenant: Tenant, effective: dict[str, Any]) -> list[str]:
    """Return what is used beyond the limits, as last measured."""
    usage = last_usage(tenant.pk)
    if usage is None:
        return []
    size, objects = effective["storage_bytes"], effective["storage_objects"]
    lines = []
    if size is not None and usage.object_bytes > size:
        used = f"{format_size(usage.object_bytes)} ({format_share(usage.object_bytes, size)})"
        lines.append(f"  {used} are used: uploads are refused until files are deleted.")
    if objects is not None and usage.objects_held > objects:
        used = pluralize(usage.objects_held, "object")
        lines.append(f"  {used} are stored: uploads are refused until files are deleted.")
    return lines
