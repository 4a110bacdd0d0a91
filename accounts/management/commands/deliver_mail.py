"""manage.py deliver_mail"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from accounts.email.delivery import deliver_all_tenants, run_mailer
from core.text.normalization import pluralize
from core.workers import ShouldStop, WorkerCommand


class Command(WorkerCommand):
    worker = "mailer"
    help = (
        "Send the e-mails in the outbox: new ones at once, and due retries every "
        "MAIL_SWEEP_SECONDS. Runs until it is stopped; several processes may run in parallel. "
        "With --once it processes every outbox once and ends.\n\n"
        "Example: manage.py deliver_mail --once"
    )

    def run(self, stop: ShouldStop, beat: Callable[[], None]) -> None:
        run_mailer(stop, beat)

    def run_once(self) -> tuple[dict[str, Any], str]:
        outcome = deliver_all_tenants()
        line = (
            f"{pluralize(outcome.dealt_with, 'e-mail')} processed, {outcome.put_off} rescheduled."
        )
        return asdict(outcome), line
