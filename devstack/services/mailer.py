"""The process that sends the application's mail; here it writes it into a folder."""

import signal
import sys
from pathlib import Path

from devstack.environment import NOT_FOR_WEB, inherited
from devstack.home import CHECKOUT
from devstack.services.protocol import Context


class Mailer:
    """``manage.py deliver_mail``."""

    name = "mailer"
    title = "Mail"
    stop_signal = signal.SIGTERM
    account = None
    folder = CHECKOUT

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def address(self) -> str:
        """Where the mail lands."""
        return self._context.variables["EMAIL_FOLDER"]

    @property
    def _heartbeat(self) -> Path:
        return self._context.home.path / "mailer" / "heartbeat"

    def prepare(self) -> None:
        """Make the folder for mail, and forget what a former run said of itself."""
        self._context.home.folder("mail")
        self._context.home.folder("mailer")
        self._heartbeat.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command line."""
        return [sys.executable, "manage.py", "deliver_mail", f"--heartbeat={self._heartbeat}"]

    def environment(self) -> dict[str, str]:
        """Return the stack's variables, less what would let it alter tables."""
        variables = self._context.variables
        ours = {name: value for name, value in variables.items() if name not in NOT_FOR_WEB}
        return {**inherited(), **ours, "PYTHONUNBUFFERED": "1"}

    def is_ready(self) -> bool:
        """Tell whether it has begun to listen."""
        return self._heartbeat.exists()
