"""Tests with a browser are skipped, and the run says so, where none is installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages.chromium import NO_BROWSER, find_chromium

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = ROOT / "scripts" / "install-browser.sh"


def test_chromium_variable_replaces_the_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    program = tmp_path / "my-browser"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)

    monkeypatch.setenv("CHROMIUM", str(program))
    assert find_chromium() == str(program)
    monkeypatch.setenv("CHROMIUM", "none")
    assert find_chromium() == ""


def test_run_without_a_browser_says_how_many_tests_it_skipped():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "tests/browser/test_every_page.py",
            "-k",
            "without_javascript",
        ],
        cwd=ROOT,
        env={**os.environ, "CHROMIUM": "none"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    found = re.search(r"^(\d+) browser tests were skipped: (.+)$", done.stdout, re.M)
    assert found, done.stdout
    assert int(found[1]) > 10
    assert found[2] == NO_BROWSER


def test_installer_without_a_package_manager_says_what_to_do(tmp_path: Path):
    done = subprocess.run(
        ["/bin/bash", str(INSTALLER)],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "There is no apt-get here." in done.stderr
    assert "CHROMIUM" in done.stderr
