"""manage.py verify_uploads"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from core.long_running import heartbeat_of, require_beating, until_signalled
from files.uploads.rounds import sweep, watch

HEARTBEAT = heartbeat_of("verifier")
LONGEST_SILENCE = 180.0  # seconds


class Command(BaseCommand):
    # Those of security alone: the others load every view, which it does without.
    requires_system_checks = (Tags.security,)
    help = (
        "Read the uploads that were too large to be read while their sender waited "
        "(UPLOAD_VERIFY_NOW_BYTES), and make files of those that are what was announced: at once "
        "when one is completed, and what is due again every UPLOAD_VERIFY_SWEEP_SECONDS. Goes on "
        "until it is stopped, which loses nothing; several may run side by side. With --once it "
        "reads what is due and ends.\n\nExample: manage.py verify_uploads --once"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="read what is due, then end")
        parser.add_argument(
            "--check", action="store_true", help="only tell whether a verifier is at work here"
        )
        parser.add_argument("--json", action="store_true", help="with --once: a JSON object")
        parser.add_argument(
            "--heartbeat", type=Path, default=HEARTBEAT, help="the file that says that it is"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        heartbeat: Path = options["heartbeat"]
        if options["check"]:
            require_beating(heartbeat, longest=LONGEST_SILENCE)
        elif options["once"]:
            count = sweep()
            told = json.dumps({"verified": count}) if options["json"] else f"{count} uploads read."
            self.stdout.write(told)
        else:
            watch(until_signalled().is_set, heartbeat.touch)
