"""manage.py deliver_mail"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from accounts.mail.rounds import sweep, watch
from core.long_running import heartbeat_of, require_beating, until_signalled

# Touched again and again while all is well; what watches the service asks for its age.
HEARTBEAT = heartbeat_of("mailer")
# A mail server that answers slowly holds it up for as long as its timeouts are.
LONGEST_SILENCE = 180.0


class Command(BaseCommand):
    # Those of security alone: the others load every view, which it does without.
    requires_system_checks = (Tags.security,)
    help = (
        "Send the mail that committed changes asked for: at once when it is asked for, and what is "
        "due again every MAIL_SWEEP_SECONDS. Goes on until it is stopped; several may run side by "
        "side. With --once it looks through every outbox and ends.\n\n"
        "Example: manage.py deliver_mail --once"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due, then end")
        parser.add_argument(
            "--check", action="store_true", help="only tell whether a deliverer is at work here"
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
            outcome = sweep()
            line = f"{outcome.dealt_with} letters dealt with, {outcome.put_off} put off."
            self.stdout.write(json.dumps(asdict(outcome)) if options["json"] else line)
        else:
            watch(until_signalled().is_set, heartbeat.touch)
