"""The application under gunicorn."""

import http.client
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context


@dataclass(frozen=True)
class Application:
    """The application that gunicorn serves."""

    folder: Path = CHECKOUT
    arguments: tuple[str, ...] = (
        "-c",
        "python:aggios.gunicorn",
        "aggios.wsgi:application",
    )
    health: str = "/api/health/live"


class Gunicorn:
    """The web processes."""

    name = "gunicorn"
    title = "gunicorn"
    stop_signal = signal.SIGTERM
    account = None

    def __init__(self, context: Context, application: Application) -> None:
        self._context = context
        self._application = application
        self._port = context.ports["gunicorn"]

    @property
    def address(self) -> str:
        """Where it listens behind Traefik."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def folder(self) -> Path:
        """The application's folder."""
        return self._application.folder

    @property
    def _metrics(self) -> Path:
        return self._context.home.path / "metrics"

    def prepare(self) -> None:
        """Empty the folder of the workers' metric files."""
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(parents=True)

    def command(self) -> list[str]:
        """Return the command line."""
        # Its control socket is in the account's home folder, where every stack would share it.
        options = (f"--bind={LOOPBACK}:{self._port}", "--no-control-socket")
        return [sys.executable, "-m", "gunicorn", *options, *self._application.arguments]

    def environment(self) -> dict[str, str]:
        """Return the stack's variables, without the logins that may alter tables."""
        variables = self._context.variables
        web = {name: value for name, value in variables.items() if name not in NOT_FOR_WEB}
        ours = {"PROMETHEUS_MULTIPROC_DIR": str(self._metrics), "PYTHONUNBUFFERED": "1"}
        return {**inherited_environment(), **web, **ours}

    def listener(self) -> None:
        """Return None: the server opens its own socket."""

    def is_ready(self) -> bool:
        """Request the health page that uses no store."""
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=2)
        try:
            connection.request("GET", self._application.health, headers={"Host": "localhost"})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
