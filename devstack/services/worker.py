"""Processes that do what was asked for after the answer: they send mail, and verify uploads."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.services.protocol import Context


@dataclass(frozen=True)
class Worker:
    """A ``manage.py`` command that goes on until it is stopped and says that it lives."""

    context: Context
    name: str
    title: str
    run: str
    address: str = ""
    makes: tuple[str, ...] = ()

    stop_signal = signal.SIGTERM
    account = None
    folder = CHECKOUT

    @property
    def _heartbeat(self) -> Path:
        return self.context.home.path / self.name / "heartbeat"

    def prepare(self) -> None:
        """Make its folders, and forget what a former run said of itself."""
        for name in (self.name, *self.makes):
            self.context.home.folder(name)
        self._heartbeat.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "manage.py", self.run, f"--heartbeat={self._heartbeat}"]

    def environment(self) -> dict[str, str]:
        """Return the stack's variables, less what would let it alter tables."""
        variables = self.context.variables
        ours = {name: value for name, value in variables.items() if name not in NOT_FOR_WEB}
        return {**inherited_environment(), **ours, "PYTHONUNBUFFERED": "1"}

    def listener(self) -> None:
        """Open its own socket."""

    def is_ready(self) -> bool:
        """Tell whether it has begun to listen."""
        return self._heartbeat.exists()


def mailer(context: Context) -> Worker:
    """Return what sends the application's mail; here it writes it into a folder."""
    where = context.variables["EMAIL_FOLDER"]
    return Worker(context, "mailer", "Mail", "deliver_mail", where, makes=("mail",))


def verifier(context: Context) -> Worker:
    """Return what reads large uploads."""
    return Worker(context, "verifier", "Verifier", "verify_uploads")
