"""The application a second time, with other variables, beside the site that all tests share."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import httpx

from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.ports import LOOPBACK
from devstack.testing import TestStack
from tests.support.http_client import Site

READY_SECONDS = 60
COMMAND = ("-m", "gunicorn", "-c", "python:aggios.gunicorn", "--no-control-socket")


@contextlib.contextmanager
def another_gunicorn(stores: TestStack, **changed: str) -> Iterator[Site]:
    """Run gunicorn on the same stores with ``changed`` variables; give the site that it serves."""
    port = _free_port()
    web = {name: value for name, value in stores.env.items() if name not in NOT_FOR_WEB}
    with tempfile.TemporaryDirectory(prefix="aggios-metrics-") as metrics:
        process = subprocess.Popen(
            [sys.executable, *COMMAND, f"--bind={LOOPBACK}:{port}", "aggios.wsgi:application"],
            env={
                **inherited_environment(),
                **web,
                "WEB_WORKERS": "1",
                "PROMETHEUS_MULTIPROC_DIR": metrics,
                **changed,
            },
            cwd=CHECKOUT,
        )
        try:
            _wait(port, process)
            yield Site(port)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "gunicorn ended"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://{LOOPBACK}:{port}/api/health/live", trust_env=False).is_success:
                return
        time.sleep(0.05)
    raise TimeoutError("gunicorn did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
