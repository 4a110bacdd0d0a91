"""Base class of the commands that work on tenants. The shared arguments are in arguments.py."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.progress import track

from core.problems import Problem
from core.system_checks import SAFETY
from tenants.context import ref_of, tenant_context
from tenants.management.hints import refusal_text
from tenants.management.terminal import confirm
from tenants.models import Tenant

T = TypeVar("T")


class TenantCommand(BaseCommand):
    """A command on one tenant or on many.

    A ``Problem`` that a subclass raises becomes a CommandError of one line.
    """

    requires_system_checks: list[str] | tuple[str, ...] = (SAFETY,)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command.

        Raises: CommandError.
        """
        try:
            return super().execute(*args, **options)
        except Problem as problem:
            raise CommandError(refusal_text(problem)) from problem

    def write_result(self, document: Any, text: str, *, as_json: bool) -> None:
        """Print the result: ``document`` with ``--json``, otherwise ``text``."""
        self.stdout.write(json.dumps(document, indent=2) if as_json else text)

    def confirm(self, slug: str, question: str, options: dict[str, Any]) -> None:
        """Ask the operator to type the slug, unless ``--yes`` was given.

        Raises: CommandError.
        """
        if not options["yes"]:
            confirm(slug, f"{question} Type {slug} to continue: ")

    def track(self, items: Iterable[T], title: str) -> Iterator[T]:
        """Yield the items, with a progress bar if stderr is a terminal."""
        err: Any = self.stderr
        console = Console(file=err)
        yield from track(items, title, console=console, disable=not err.isatty())

    def for_each_tenant(
        self, tenants: list[Tenant], work: Callable[[Tenant], object], title: str
    ) -> list[str]:
        """Call ``work`` inside each tenant and return the slugs of the failed tenants.

        A DatabaseError of one tenant is printed to stderr; the others are still processed.
        """
        failed = []
        for tenant in self.track(tenants, title):
            try:
                with tenant_context(ref_of(tenant)):
                    work(tenant)
            except DatabaseError as exc:
                failed.append(tenant.slug)
                self.stderr.write(f"{tenant.slug}: {str(exc).strip()}")
        return failed
