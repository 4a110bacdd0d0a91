"""manage.py send_test_mail"""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from accounts.email.trial import send_trial_email
from audit.services import SYSTEM
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Send one e-mail at once with the settings of the mailer (EMAIL_…), and print what the "
        "mail server answered. It is not queued and not tried again.\n\n"
        "Example: manage.py send_test_mail ops@agency.example --language pt-br"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="the recipient")
        parser.add_argument(
            "--language", choices=list(dict(settings.LANGUAGES)), default="", help="(default: en)"
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        result = send_trial_email(to=options["email"], language=options["language"], actor=SYSTEM)
        if options["json"]:
            self.write_result(asdict(result), "", as_json=True)
        elif result.accepted:
            said = f" It answered: {result.answer}" if result.answer else ""
            self.stdout.write(f"{result.server} took the e-mail to {result.recipient}.{said}")
        if not result.accepted:
            raise CommandError(
                f"{result.server} did not take the e-mail to {result.recipient}: {result.answer} "
                "Check the settings EMAIL_… of the mailer and the log of the mail server."
            )
