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
from tenants.management.arguments import (
    add_json_argument,
    add_run_arguments,
    add_tenant_option,
    listed_names,
    slugs_argument,
)
from tenants.schemas.owner import owner_connection


class Command(BaseCommand):
    help = (
        "Show the status of all tenants, report a run, or run a command in many tenants. Needs "
        "the owner's login, which writes the record of runs.\n\n"
        "Examples: manage.py fleet status\n"
        "          manage.py fleet run-command dumpdata accounts.user --tenants acme,globex\n"
        "          manage.py fleet run-command --resume last\n\n"
        "Exit status: 0 all well, 1 some failed (status: some are behind or broken), 2 wrong "
        "usage, 3 stopped by --max-failures, 4 another run is active, 130 and 143 interrupted."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        status = verbs.add_parser("status", help="counts, broken tenants, the last run")
        add_json_argument(status)
        report = verbs.add_parser("report", help="the outcomes of a run by tenant")
        report.add_argument("run", nargs="?", default="last", help="its id (default: last)")
        add_json_argument(report)
        run_command = verbs.add_parser(
            "run-command",
            help="run a command inside tenants; arguments after -- are the command's",
        )
        _add_run_command_arguments(run_command)
        run_command.add_argument("words", nargs=argparse.REMAINDER, metavar="NAME ARGUMENTS")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        {"status": self._status, "report": self._report, "run-command": self._run_command}[
            options["verb"]
        ](options)

    def _status(self, options: dict[str, Any]) -> None:
        status = fleet_status()
        if options["json"]:
            self.stdout.write(json.dumps(status, indent=2))
        else:
            print_status(self.stdout, status)
        if status["behind"] or status["broken"]:
            raise CommandError(
                "Some tenants are behind or broken. Run migrate_schemas.", returncode=SOME_FAILED
            )

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

    def _run_command(self, options: dict[str, Any]) -> None:
        given, words = _split(options)
        run = records.run_by_id(given.resume) if given.resume else start_task(_task(given, words))
        task = recorded_task(run)
        with (
            command_run_lock(str(run.id)),
            ProgressDisplay(self.stderr if given.json else self.stdout) as progress,
        ):
            summary = run_task(
                run,
                policy=RunPolicy(max_failures=given.max_failures, retries=0),
                parallel=given.parallel,
                add_total=progress.add_total,
                on_result=lambda member, result: self._show_result(
                    member, result, progress, quiet=given.json
                ),
            )
        if given.json:
            self.stdout.write(json.dumps(serialize_task_summary(summary, task), indent=2))
        self._raise_for_status(summary)

    def _show_result(
        self, member: Member, result: Result, progress: ProgressDisplay, *, quiet: bool
    ) -> None:
        if not quiet:
            for line in result.detail.splitlines():
                progress.print_line(f"{member.name} | {line}")
        progress.count(member, result)

    def _raise_for_status(self, summary: RunSummary) -> None:
        if summary.exit_status:
            how = f"manage.py fleet run-command --resume {summary.run}"
            message = f"{summary.closing_sentence()} To continue: {how}"
            raise CommandError(message, returncode=summary.exit_status)


def _add_run_command_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="in every tenant")
    parser.add_argument("--tenants", type=slugs_argument, metavar="a,b", help="in these")
    add_tenant_option(parser)
    parser.add_argument("--resume", metavar="RUN", help="continue a run: its id, or last")
    add_run_arguments(parser)


def _split(options: dict[str, Any]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options of this command, anywhere before ``--``, and the words of the other."""
    words: list[str] = list(options["words"])
    if words[:1] == ["--"]:
        words = words[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = CommandParser(prog="manage.py fleet run-command", add_help=False, allow_abbrev=False)
    _add_run_command_arguments(parser)
    named = ("all", "tenants", "tenant", "resume", "parallel", "max_failures", "json")
    before = argparse.Namespace(**{name: options[name] for name in named})
    given, rest = parser.parse_known_args(words[:cut], before)
    return given, [*rest, *words[cut + 1 :]]


def _task(given: argparse.Namespace, words: list[str]) -> Task:
    if not words:
        raise CommandError(
            "Which command? For instance: fleet run-command check --all", returncode=2
        )
    names = listed_names(vars(given))
    if given.all == bool(names):
        raise CommandError("Say in which tenants: --all, or --tenant a --tenant b.", returncode=2)
    return Task(words[0], words[1:], names)
