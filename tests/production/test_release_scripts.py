"""Release scripts, with stub programs in place of those that need the internet."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "0a" * 32
LOCK = """\
django==5.2.9 \\
    --hash=sha256:aa
puremagic==1.30 ; python_full_version < '3.12' \\
    --hash=sha256:bb
puremagic==2.2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
tzdata==2026.6 ; sys_platform == 'win32' \\
    --hash=sha256:dd
"""
# Stub: knows every package, and the advisories in $ADVISORIES by name==version.
PIP_AUDIT = """#!/usr/bin/env python3
import json, os, sys
from pathlib import Path
known = json.loads(os.environ["ADVISORIES"])
if sys.argv[sys.argv.index("--vulnerability-service") + 1] in os.environ.get("AWAY", ""):
    sys.exit("no network")
lines = Path(sys.argv[sys.argv.index("--requirement") + 1]).read_text().split()
names = [line.split("==")[0] for line in lines]
assert len(set(names)) == len(names)
skipped = os.environ.get("SKIPPED", "")
print(json.dumps({"dependencies": [
    {"name": line.split("==")[0], "skip_reason": "not found"} if line.split("==")[0] == skipped else
    {"name": line.split("==")[0], "version": line.split("==")[1], "vulns": known.get(line, [])}
    for line in lines
]}))
"""
DOCKER = """#!/bin/sh
case "$4" in *silo*) [ -z "$REFUSE" ] || exit 1 ;; esac
echo "$DIGEST"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the scripts and stubs of the programs that they call."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "requirements.txt").write_text(LOCK)
    (tmp_path / "bin").mkdir()
    for name, text in (("pip-audit", PIP_AUDIT), ("docker", DOCKER)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def run(checkout: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    own = checkout / "bin"
    return subprocess.run(
        [str(checkout / "scripts" / command[0]), *command[1:]],
        env={
            "PATH": f"{own}:{os.environ['PATH']}",
            "PIP_AUDIT": str(own / "pip-audit"),
            "ADVISORIES": "{}",
            "DIGEST": DIGEST,
            **variables,
        },
        check=False,
        capture_output=True,
        text=True,
    )


def test_packages_without_advisories_pass(checkout: Path):
    done = run(checkout, "audit-dependencies.sh")

    assert done.returncode == 0
    assert done.stdout == "3 looked up: no advisory.\n1 looked up: no advisory.\n"


@pytest.mark.parametrize("package", ["django==5.2.9", "puremagic==1.30", "tzdata==2026.6"])
def test_advisory_fails_the_audit(checkout: Path, package: str):
    advisory = {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fix_versions": ["9.9"]}

    done = run(checkout, "audit-dependencies.sh", ADVISORIES=json.dumps({package: [advisory]}))

    assert done.returncode == 1
    assert f"{package.replace('==', ' ')}: PYSEC-1, CVE-2026-1; fixed in 9.9" in done.stdout


def test_second_advisory_service_is_used_when_the_first_fails(checkout: Path):
    assert run(checkout, "audit-dependencies.sh", AWAY="osv").returncode == 0


def test_audit_without_a_service_fails_as_not_audited(checkout: Path):
    done = run(checkout, "audit-dependencies.sh", AWAY="osv pypi")

    assert done.returncode == 75
    assert "NOT AUDITED" in done.stderr


def test_skipped_package_fails_the_audit(checkout: Path):
    done = run(checkout, "audit-dependencies.sh", SKIPPED="django")

    assert done.returncode == 75
    assert "1 of 3 packages were not looked up." in done.stderr


def test_images_are_pinned_by_the_digest_of_the_registry(checkout: Path):
    before = run(checkout, "pin-images.sh", "--check")
    assert before.returncode == 1
    assert "not pinned: python:3.13-slim-trixie\n" in before.stdout

    assert run(checkout, "pin-images.sh").returncode == 0

    assert run(checkout, "pin-images.sh", "--check").returncode == 0
    dockerfile = (checkout / "Dockerfile").read_text()
    assert f"ARG PYTHON_IMAGE=python:3.13-slim-trixie@{DIGEST}\n" in dockerfile
    compose = (checkout / "docker-compose.yml").read_text()
    assert compose.count(f"RELEASE.2026-10-26T00-00-00Z@{DIGEST}\n") == 2
    assert compose.replace(f"@{DIGEST}", "") == (ROOT / "docker-compose.yml").read_text()


def test_pinned_digest_is_replaced(checkout: Path):
    other = "sha256:" + "1b" * 32
    run(checkout, "pin-images.sh")

    assert run(checkout, "pin-images.sh", DIGEST=other).returncode == 0

    text = (checkout / "docker-compose.yml").read_text() + (checkout / "Dockerfile").read_text()
    assert DIGEST not in text
    assert text.count(other) == 6


def test_missing_digest_pins_no_image(checkout: Path):
    done = run(checkout, "pin-images.sh", REFUSE="yes")

    assert done.returncode == 75
    assert (checkout / "docker-compose.yml").read_text() == (
        ROOT / "docker-compose.yml"
    ).read_text()
    assert (checkout / "Dockerfile").read_text() == (ROOT / "Dockerfile").read_text()
