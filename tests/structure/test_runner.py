"""scripts/test.sh: what each tier runs, and that any failure fails the command."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.ordering import LONGEST

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "scripts" / "lib" / "run_tests.py"


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_tests", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_tests", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    monkeypatch.delenv("CI", raising=False)
    return module


@pytest.mark.parametrize(
    ("tier", "arguments", "expected"),
    [
        ("", [], {"-n", "not nightly"}),
        ("", ["-x"], {"-n", "not nightly", "-x"}),
        ("--all", [], {"-n"}),
        ("--fast", [], {"-n", "not nightly", "--without-servers"}),
        ("", ["tests", "-x"], {"tests", "-x"}),
        ("", ["tests/conftest.py::test_x[a]"], {"tests/conftest.py::test_x[a]"}),
        ("--fast", ["tests"], {"not nightly", "--without-servers", "tests"}),
    ],
)
def test_tier_and_arguments_decide_what_pytest_gets(runner, tier, arguments, expected):
    command = runner.pytest_command(tier, arguments)[3:]

    known = {"-n", "not nightly", "--without-servers", *arguments}
    assert known & set(command) == expected


@pytest.mark.parametrize(
    ("pytest_status", "check_status", "expected"), [(0, 0, 0), (0, 1, 1), (1, 0, 1), (5, 1, 5)]
)
def test_failing_part_fails_the_command(
    runner, monkeypatch, capsys, pytest_status: int, check_status: int, expected: int
):
    def ends_with(status: int) -> list[str]:
        return [sys.executable, "-c", f"print('said'); raise SystemExit({status})"]

    # Modules that `python -m` runs: one ends well, the other does not find its file.
    modules = {0: ["platform"], 1: ["json.tool", "nowhere.json"]}

    def one_check() -> list:
        return [runner.start("mypy", *modules[check_status])]

    monkeypatch.setattr(runner, "checks", one_check)
    monkeypatch.setattr(runner, "pytest_command", lambda *_: ends_with(pytest_status))

    assert runner.main([]) == expected
    assert ("mypy failed" in capsys.readouterr().out) is (check_status != 0)


def test_sigterm_interrupts_pytest_and_waits_for_it(tmp_path: Path):
    """As a CI runner ends a job: pytest gets the time to stop its servers."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    module = tmp_path / "test_slow.py"
    module.write_text(f"""
import pathlib, time
def test_slow():
    pathlib.Path({str(begun)!r}).touch()
    try:
        time.sleep(60)
    finally:
        time.sleep(0.5)
        pathlib.Path({str(ended)!r}).touch()
""")
    options = [str(module), "--rootdir", str(tmp_path), "-c", os.devnull, "-p", "no:django"]
    with subprocess.Popen([sys.executable, str(PROGRAM), *options]) as process:
        end = time.monotonic() + 60
        while not begun.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=60) == pytest.ExitCode.INTERRUPTED
    assert ended.exists()


@pytest.mark.parametrize("module", LONGEST)
def test_modules_that_come_first_exist(module: str):
    assert (ROOT / module).is_file()


ONCE = """
from pathlib import Path

def test_once():
    seen = Path("seen").exists()
    Path("seen").touch()
    assert seen

def test_never():
    assert {never}
"""


@pytest.mark.parametrize(("never", "expected"), [(True, 0), (False, 1)])
def test_failed_tests_are_run_again_and_only_flaky_ones_pass(
    runner: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    never: bool,
    expected: int,
):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    options = project["tool"]["pytest"]["ini_options"]["addopts"]
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {options} -p no:django\n")
    (tmp_path / "test_it.py").write_text(ONCE.format(never=never))
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "LAST_FAILED", tmp_path / ".pytest_cache/v/cache/lastfailed")
    subprocess.run([sys.executable, "-m", "pytest", "-n", "2"], cwd=tmp_path, check=False)

    status = runner.retry(runner.last_failed(), runner.Interrupts())

    assert status == expected
    flaky = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FLAKY")]
    assert [line.split()[1] for line in flaky] == ["test_it.py::test_once"]
