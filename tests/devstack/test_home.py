"""A home keeps ports, secrets and the env file, and has one stack at a time."""

import socket
import stat
from pathlib import Path

import pytest

from core import env
from devstack.errors import AlreadyRunningError, PortTakenError
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.stack import Stack

NAMES = {
    "AGGIOS_ENVIRONMENT", "SECRET_KEY", "TOKEN_MASTER_SECRET", "PASSWORD_PEPPERS", "BASE_DOMAIN",
    "PUBLIC_SCHEME", "PUBLIC_PORT", "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SUPERUSER_URL",
    "REDIS_URL", "S3_ENDPOINT_URL", "S3_PUBLIC_ENDPOINT_URL", "S3_BUCKET", "S3_REGION",
    "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "PG_BIN_DIR",
}  # fmt: skip


def _variables(home: Path) -> dict[str, str]:
    lines = (home / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_ports_and_secrets_are_reused(home: Path) -> None:
    with Stack(Home.at(home)) as first:
        before = (first.ports, first.env)

    with Stack(Home.at(home)) as second:
        assert (second.ports, second.env) == before


def test_two_homes_share_neither_ports_nor_secrets(home: Path, tmp_path: Path) -> None:
    with Stack(Home.at(home)) as one, Stack(Home.at(tmp_path)) as other:
        assert set(one.ports.by_name.values()).isdisjoint(other.ports.by_name.values())
        for name in ("SECRET_KEY", "TOKEN_MASTER_SECRET", "S3_SECRET_ACCESS_KEY", "DATABASE_URL"):
            assert one.env[name] != other.env[name]


def test_taken_private_port_is_replaced(home: Path) -> None:
    with Stack(Home.at(home)) as stack:
        before = stack.ports["postgres"]

    with socket.create_server((LOOPBACK, before)), Stack(Home.at(home)) as stack:
        assert stack.ports["postgres"] != before


def test_env_file_is_complete_and_private(home: Path) -> None:
    with Stack(Home.at(home)) as stack:
        variables = _variables(home)

        assert variables == stack.env
        assert variables.keys() >= NAMES
        assert variables["AGGIOS_ENVIRONMENT"] == "development"
        for name in ("env", "secrets.json", "ports.json"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


def test_settings_read_every_variable_of_the_env_file(home: Path) -> None:
    with Stack(Home.at(home)):
        unread = _variables(home).keys() - env.READ

    # Read by bootstrap_database alone, and by gunicorn's configuration.
    assert unread <= {"DATABASE_SUPERUSER_URL", "WEB_WORKERS", "WEB_THREADS"}


def test_second_stack_on_the_same_home_is_refused(home: Path) -> None:
    with Stack(Home.at(home)), pytest.raises(AlreadyRunningError) as refusal:
        Stack(Home.at(home)).open()

    assert str(home) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_taken_entry_port_error_names_the_program(home: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as refusal:
            Stack(Home.at(home), web_port=port).open()

    assert f"Port {port} is taken by " in str(refusal.value)
    assert f"AGGIOS_PORT={port + 1}" in str(refusal.value)
    assert "\n" not in str(refusal.value)
