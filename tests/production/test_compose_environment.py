"""Compose passes to Traefik and to the backend exactly the variables that they read."""

import json
import re
from pathlib import Path

import pytest

from core import env
from tests.support.compose import ROOT, run_compose

pytestmark = pytest.mark.needs("compose")


def test_traefik_gets_every_variable_without_a_default(config) -> None:
    given = config["services"]["traefik"]["environment"]
    folder = ROOT / "traefik"
    static = (folder / "traefik.yml").read_text("utf-8")
    code = "\n".join(line for line in static.splitlines() if not line.strip().startswith("#"))
    needed = set(re.findall(r"\$\{([A-Z0-9_]+)\}", code))
    for file in (folder / "dynamic").glob("*.yml"):
        text = file.read_text("utf-8")
        needed |= set(re.findall(r'env "([A-Z0-9_]+)"(?! \| default)', text))
    assert needed <= set(given)
    known = set(re.findall(r'env "([A-Z0-9_]+)"|\$\{([A-Z0-9_]+)', all_of(folder)))
    names = {name for pair in known for name in pair if name}
    assert set(given) <= names | {"CERT_RESOLVER", "GOMEMLIMIT"}


def all_of(folder: Path) -> str:
    files = [folder / "traefik.yml", folder / "entrypoint.sh", *folder.glob("dynamic/*.yml")]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_backend_gets_every_required_variable_and_no_unknown_one(config) -> None:
    read = {}
    for file in (ROOT / "aggios").rglob("*.py"):
        call = r'env\.(?:text|flag|integer|items|choice)\(\s*"([A-Z0-9_]+)"(\s*\))?'
        read.update(dict(re.findall(call, file.read_text("utf-8"))))
    read |= dict.fromkeys(("DATABASE_SUPERUSER_URL", "DATABASE_OWNER_URL"), "")
    given = {
        name.removesuffix("_FILE"): value
        for name, value in config["services"]["migrate"]["environment"].items()
    }
    demanded = {name for name, no_default in read.items() if no_default}
    assert len(demanded) > 5
    assert demanded <= set(given)
    assert set(given) <= set(read)


def test_old_names_of_variables_reach_the_backend(config) -> None:
    given = set(config["services"]["migrate"]["environment"])
    renamed = {new: old for new, old in env.RENAMED.items() if new in given}
    assert renamed

    old_values = {old: str(number) for number, old in enumerate(renamed.values(), start=4711)}
    changed = json.loads(run_compose("config", "--format", "json", **old_values).stdout)

    environment = changed["services"]["migrate"]["environment"]
    assert {old: environment[new] for new, old in renamed.items()} == old_values
