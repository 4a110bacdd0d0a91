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
        "Send the mail that committed changes asked for: at once when it is asked for, and what is "
        "due again every MAIL_SWEEP_SECONDS. Goes on until it is stopped; several may run side by "
        "side. With --once it looks through every outbox and ends.\n\n"
        "Example: manage.py deliver_mail --once"
    )

    def watch(self, stop: ShouldStop, alive: Callable[[], None]) -> None:
        run_mailer(stop, alive)

    def once(self) -> tuple[dict[str, Any], str]:
        outcome = deliver_all_tenants()
        line = f"{pluralize(outcome.dealt_with, 'letter')} dealt with, {outcome.put_off} put off."
        return asdict(outcome), line
