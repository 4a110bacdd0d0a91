"""The background workers: the mailer and the upload verifier."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.services.protocol import Context


@dataclass(frozen=True)
class Worker:
    """A ``manage.py`` command that runs until it is stopped and writes a heartbeat."""

    context: Context
    name: str
    title: str
    run: str
    address: str = ""
    creates: tuple[str, ...] = ()

    stop_signal = signal.SIGTERM
    account = None
    folder = CHECKOUT

    @property
    def _heartbeat(self) -> Path:
        return self.context.home.path / self.name / "heartbeat"

    def prepare(self) -> None:
        """Create its folders, and remove the heartbeat of a previous run."""
        for name in (self.name, *self.creates):
            self.context.home.folder(name)
        self._heartbeat.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "manage.py", self.run, f"--heartbeat={self._heartbeat}"]

    def environment(self) -> dict[str, str]:
        """Return the stack's variables, without the logins that may alter tables."""
        variables = self.context.variables
        ours = {name: value for name, value in variables.items() if name not in NOT_FOR_WEB}
        return {**inherited_environment(), **ours, "PYTHONUNBUFFERED": "1"}

    def listener(self) -> None:
        """Return None: it has no socket."""

    def is_ready(self) -> bool:
        """Tell whether it has written a heartbeat."""
        return self._heartbeat.exists()


def mailer(context: Context) -> Worker:
    """Return the worker for e-mail, which writes it into a folder here."""
    where = context.variables["EMAIL_FOLDER"]
    return Worker(context, "mailer", "Mail", "deliver_mail", where, creates=("mail",))


def verifier(context: Context) -> Worker:
    """Return the worker that verifies large uploads."""
    return Worker(context, "verifier", "Verifier", "verify_uploads")
