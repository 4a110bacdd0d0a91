"""manage.py verify_audit"""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from audit.verification import ChainHead, VerificationResult
from core.text.normalization import pluralize
from core.text.parsing import integer_argument
from operations.audit_trails import (
    PLATFORM_TRAIL,
    AuditTrail,
    all_trails,
    overdue_trails,
    tenant_trails,
    verify_trail,
)
from tenants.management.arguments import (
    add_json_argument,
    add_tenants_arguments,
    given_names,
)
from tenants.management.base import TenantCommand

Outcome = tuple[AuditTrail, VerificationResult | str]


class Command(TenantCommand):
    help = (
        "Verify audit trails: the platform's and every tenant's, or the named ones. Finds events "
        "that were changed, removed, moved or added outside of the application, and counts events "
        "with erased personal data. Prints the head of each trail (NUMBER:HASH). Keep heads "
        "elsewhere and pass them with --anchor: the owner of the database could rebuild a whole "
        "chain. Changes no trail; needs the owner's login.\n\n"
        "Example: manage.py verify_audit --tenant acme --anchor 17:5f2c…\n\n"
        "Exit status: 0 all are whole, 1 one is not, or could not be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=" (default: all, and the platform's)")
        parser.add_argument("--platform", action="store_true", help="the platform's own alone")
        parser.add_argument(
            "--anchor",
            action="append",
            type=_parse_anchor,
            default=[],
            metavar="NUMBER:HASH",
            help="with one trail: where it ended some time ago; can be repeated",
        )
        parser.add_argument(
            "--older-than",
            type=integer_argument(),
            metavar="SECONDS",
            help="leave out what was found whole since",
        )
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        trails = _select_trails(options)
        if options["anchor"] and len(trails) != 1:
            raise CommandError("An anchor belongs to one trail: give one --tenant, or --platform.")
        documents, broken = [], 0
        for trail, result in self._verified(trails, options["anchor"]):
            documents.append(_trail_document(trail, result))
            broken += isinstance(result, str) or not result.is_intact
            if not options["json"]:
                self.stdout.write(_format_trail(trail, result))
        if options["json"]:
            self.stdout.write(json.dumps(documents, indent=2))
        elif not broken:
            verb = "is" if len(documents) == 1 else "are"
            self.stdout.write(f"{pluralize(len(documents), 'audit trail')} {verb} whole.")
        if broken:
            raise CommandError(
                f"{broken} of {pluralize(len(documents), 'audit trail')} not whole. "
                "See docs/operations.md, Audit trails."
            )

    def _verified(self, trails: list[AuditTrail], anchors: list[ChainHead]) -> Iterator[Outcome]:
        for trail in self.track(trails, "Verifying"):
            try:
                yield trail, verify_trail(trail, *anchors)
            except DatabaseError as exc:
                yield trail, f"It could not be read: {str(exc).splitlines()[0]}"


def _parse_anchor(text: str) -> ChainHead:
    match = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no NUMBER:HASH as this command prints it")
    return ChainHead(int(match[1]), match[2])


def _select_trails(options: dict[str, Any]) -> list[AuditTrail]:
    names = given_names(options)
    if options["platform"] and (names or options["all"]):
        raise CommandError("Give --platform, or tenants, not both.", returncode=2)
    if names:
        trails = tenant_trails(names)
    else:
        trails = [PLATFORM_TRAIL] if options["platform"] else all_trails()
    seconds = options["older_than"]
    return trails if seconds is None else overdue_trails(trails, seconds=seconds)


def _trail_document(trail: AuditTrail, result: VerificationResult | str) -> dict[str, Any]:
    name = {"trail": trail.name, "schema": trail.schema}
    if isinstance(result, str):
        return {**name, "whole": False, "faults": [result]}
    return {
        **name,
        "whole": result.is_intact,
        "events": result.head.sequence,
        "erased": result.erased,
        "head": str(result.head),
        "faults": result.faults,
    }


def _format_trail(trail: AuditTrail, result: VerificationResult | str) -> str:
    if isinstance(result, str):
        return f"{trail.name}: {result}"
    events = pluralize(result.head.sequence, "event")
    erased = f", {result.erased} with erased personal data" if result.erased else ""
    state = "whole" if result.is_intact else "NOT WHOLE"
    head = f"{trail.name}: {state}, {events}{erased}, ends at {result.head}"
    return "\n".join([head, *(f"  {fault}" for fault in result.faults)])
