"""manage.py fleet"""

import argparse
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.fleet import records
from tenants.fleet.control import command_run_lock
from tenants.fleet.members import Member
from tenants.fleet.progress import ProgressDisplay
from tenants.fleet.results import Result
from tenants.fleet.run_command import (
    Task,
    recorded_task,
    run_task,
    serialize_task_summary,
    start_task,
)
from tenants.fleet.runner import RunPolicy
from tenants.fleet.status import fleet_status, print_report, print_status, serialize_run
from tenants.fleet.summary import SOME_FAILED, RunSummary
from tenants.management.arguments import add_run_arguments, slugs_argument
from tenants.schemas.owner import owner_connection


class Command(BaseCommand):
    help = (
        "How the fleet stands, what a run did, and any command over tenants. Needs the owner's "
        "login, which alone writes the record of runs.\n\n"
        "Examples: manage.py fleet status\n"
        "          manage.py fleet run-command dumpdata accounts.user --tenants acme,globex\n"
        "          manage.py fleet run-command --resume last\n\n"
        "Exit status: 0 all well, 1 some failed (status: some are behind or broken), 2 wrong "
        "usage, 3 stopped by --max-failures, 4 a migration is under way, 130 and 143 interrupted."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        about = verbs.add_parser("status", help="counts, broken tenants, the last run")
        about.add_argument("--json", action="store_true", help="print one JSON object")
        report = verbs.add_parser("report", help="what a run did, tenant by tenant")
        report.add_argument("run", nargs="?", default="last", help="its id (last)")
        report.add_argument("--json", action="store_true", help="print one JSON object")
        over = verbs.add_parser(
            "run-command",
            help="run a command inside tenants; what follows -- is the command's own",
        )
        _add_choice(over)
        over.add_argument("words", nargs=argparse.REMAINDER, metavar="NAME ARGUMENTS")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        {"status": self._status, "report": self._report, "run-command": self._over}[
            options["verb"]
        ](options)

    def _status(self, options: dict[str, Any]) -> None:
        now = fleet_status()
        if options["json"]:
            self.stdout.write(json.dumps(now, indent=2))
        else:
            print_status(self.stdout, now)
        if now["behind"] or now["broken"]:
            raise CommandError("Some tenants are behind or broken.", returncode=SOME_FAILED)

    def _report(self, options: dict[str, Any]) -> None:
        run = records.run_by_id(options["run"])
        outcomes = records.outcomes_of(run)
        if options["json"]:
            rows = [
                {"tenant": o.slug, "succeeded": o.succeeded, "detail": o.detail} for o in outcomes
            ]
            self.stdout.write(json.dumps({**serialize_run(run), "outcomes": rows}, indent=2))
        else:
            print_report(self.stdout, serialize_run(run), outcomes)

    def _over(self, options: dict[str, Any]) -> None:
        given, words = _split(options)
        run = records.run_by_id(given.resume) if given.resume else start_task(_task(given, words))
        task = recorded_task(run)
        with (
            command_run_lock(str(run.id)),
            ProgressDisplay(self.stderr if given.json else self.stdout) as watch,
        ):
            summary = run_task(
                run,
                policy=RunPolicy(max_failures=given.max_failures, retries=0),
                parallel=given.parallel,
                expect=watch.expect,
                told=lambda member, result: self._told(member, result, watch, quiet=given.json),
            )
        if given.json:
            self.stdout.write(json.dumps(serialize_task_summary(summary, task), indent=2))
        self._close(summary)

    def _told(self, member: Member, result: Result, watch: ProgressDisplay, *, quiet: bool) -> None:
        if not quiet:
            for line in result.detail.splitlines():
                watch.say(f"{member.name} | {line}")
        watch.settled(member, result)

    def _close(self, summary: RunSummary) -> None:
        if summary.exit_status:
            how = f"manage.py fleet run-command --resume {summary.run}"
            closing = f"{summary.closing()} To go on: {how}"
            raise CommandError(closing, returncode=summary.exit_status)


def _add_choice(parser: ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="in every tenant")
    parser.add_argument("--tenants", type=slugs_argument, metavar="a,b", help="in these")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run: its id, or last")
    add_run_arguments(parser)


def _split(options: dict[str, Any]) -> tuple[argparse.Namespace, list[str]]:
    """Return our own options, wherever they stand before ``--``, and the command's words."""
    words: list[str] = list(options["words"])
    if words[:1] == ["--"]:
        words = words[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = CommandParser(prog="manage.py fleet run-command", add_help=False, allow_abbrev=False)
    _add_choice(parser)
    named = ("all", "tenants", "resume", "parallel", "max_failures", "json")
    before = argparse.Namespace(**{name: options[name] for name in named})
    given, rest = parser.parse_known_args(words[:cut], before)
    return given, [*rest, *words[cut + 1 :]]


def _task(given: argparse.Namespace, words: list[str]) -> Task:
    if not words:
        raise CommandError("Which command?", returncode=2)
    if given.all == bool(given.tenants):
        raise CommandError("Say in which tenants: --all, or --tenants a,b.", returncode=2)
    return Task(words[0], words[1:], given.tenants)
