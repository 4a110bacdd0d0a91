"""The start of a command: without settings, without a database, its help, and what it imports."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from aggios.command_help import EXIT_STATUS, LineHelpFormatter, add_exit_status
from core.env import ROOT
from devstack.environment import inherited_environment

OWN_COMMANDS = sorted(
    name for name, app in get_commands().items() if (ROOT / str(app).partition(".")[0]).is_dir()
)
# Libraries that the list of commands has no use for; together they took half of the start.
HEAVY = ("boto3", "botocore", "dns", "jwt", "redis", "rest_framework.serializers", "staff.admin")
PRINT_MODULES = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
CLOSED_PORT = "1"


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited_environment(), "COLUMNS": "80", **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def example_settings() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["list_tenants"], ["help", "fleet"]])
def test_command_without_settings_says_how_to_name_a_stack(tmp_path: Path, arguments: list[str]):
    done = manage(*arguments, AGGIOS_HOME=str(tmp_path))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        f"No settings were found: no development stack has run in {tmp_path}"
    )
    assert all(
        hint in done.stderr for hint in ("AGGIOS_HOME", "scripts/start-dev.sh", ".env.example")
    )
    assert done.stderr.count("\n") == 3


def test_command_with_incomplete_settings_names_the_missing_variable(tmp_path: Path):
    done = manage("list_tenants", AGGIOS_HOME=str(tmp_path), SECRET_KEY="x")

    assert (done.returncode, done.stdout) == (1, "")
    assert "DATABASE_URL" in done.stderr
    assert done.stderr.count("\n") == 1


def test_command_with_invalid_setting_of_a_stack_names_its_file(tmp_path: Path):
    (tmp_path / "env").write_text(
        "DATABASE_URL=postgresql://a@b/c\nSECRET_KEY=x\nWEB_WORKERS=many\n"
    )

    done = manage("list_tenants", AGGIOS_HOME=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith(f"The settings in {tmp_path / 'env'} cannot be used: ")
    assert "many" in done.stderr
    assert done.stderr.count("\n") == 1


def test_version_needs_no_settings(tmp_path: Path):
    assert manage("--version", AGGIOS_HOME=str(tmp_path)).returncode == 0


@pytest.mark.parametrize("command", ["list_tenants", "migrate_schemas"])
def test_unreachable_database_is_one_line_with_its_address(command: str):
    url = f"postgresql://aggios:insecure@127.0.0.1:{CLOSED_PORT}/aggios"
    owner = url.replace("//aggios", "//aggios_owner")
    settings = {**example_settings(), "DATABASE_URL": url, "DATABASE_OWNER_URL": owner}

    done = manage(command, **settings)

    assert done.returncode == 1
    assert done.stderr == (
        f"The database at 127.0.0.1:{CLOSED_PORT} does not answer (Connection refused). "
        "Check DATABASE_URL, and that the server runs.\n"
    )


def test_stopped_stack_is_named(tmp_path: Path):
    url = f"postgresql://aggios:insecure@127.0.0.1:{CLOSED_PORT}/aggios"
    settings = {**example_settings(), "DATABASE_URL": url}
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (tmp_path / "env").write_text(lines)

    done = manage("list_tenants", AGGIOS_HOME=str(tmp_path))

    assert done.returncode == 1
    assert f"The development stack of {tmp_path} is not running" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_imports_no_library_of_other_commands(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(PRINT_MODULES)

    done = manage("--help", **example_settings(), PYTHONPATH=str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "list_tenants" in done.stdout
    assert set(HEAVY) & set(done.stderr.split()) == set()


def test_help_of_a_verb_has_the_form_of_other_help():
    done = manage("domains", "claim", "--help", **example_settings())

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: manage.py domains claim ")


@pytest.mark.parametrize("name", OWN_COMMANDS)
def test_help_keeps_lines_and_has_example_and_exit_statuses(name: str, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    command = load_command_class(get_commands()[name], name)
    add_exit_status(command)

    text = command.create_parser("manage.py", name, formatter_class=LineHelpFormatter).format_help()

    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(("Example: manage.py", "Examples: manage.py")) for line in lines)
    assert any(line.startswith(EXIT_STATUS) for line in lines)


def test_own_commands_are_found():
    assert {"list_tenants", "create_staff", "purge_trash", "housekeep"} <= set(OWN_COMMANDS)
