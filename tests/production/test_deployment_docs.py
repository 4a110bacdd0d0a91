"""The variables, files, services and commands that docs/deployment.md names exist."""

import re

import pytest

from tests.support.compose import ROOT, run_compose

TEXT = (ROOT / "docs" / "deployment.md").read_text("utf-8")


def shell_lines() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_deployment_page_explains_exactly_the_variables_of_compose() -> None:
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    code = "\n".join(line for line in compose.splitlines() if not line.lstrip().startswith("#"))
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", code))
    table = TEXT.partition("| variable in `.env`")[2].partition("\n\n")[0]
    explained = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", "\n".join(first_cells(table))))
    required = set(re.findall(r"^([A-Z_]+)=", TEXT, re.MULTILINE)) & used
    assert explained | required == used
    assert required == {"BASE_DOMAIN", "ACME_EMAIL", "ACME_DNS_PROVIDER", "EMAIL_HOST"}


def first_cells(table: str) -> list[str]:
    return [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]


def test_deployment_page_files_exist() -> None:
    table = TEXT.partition("## What each file is")[2].partition("\n## ")[0]
    files = re.findall(r"`([^`]+)`", "\n".join(first_cells(table)))
    assert len(files) > 10
    assert [name for name in files if not (ROOT / name).exists()] == []
    shipped = {f"traefik/dynamic/{file.name}" for file in (ROOT / "traefik/dynamic").glob("*.yml")}
    assert shipped <= set(files)


def test_deployment_page_management_commands_exist() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", TEXT))
    named |= set(re.findall(r"manage\.py ([a-z_]+)", (ROOT / "docker-compose.yml").read_text()))
    there = {file.stem for file in ROOT.glob("*/management/commands/*.py")}
    assert named - there == set()


@pytest.mark.needs("compose")
def test_deployment_page_compose_commands_are_valid() -> None:
    services = set(run_compose("config", "--services").stdout.split())
    commands = [line for line in shell_lines() if line.startswith("docker compose ")]
    assert len(commands) > 15
    for line in commands:
        verb, *words = re.split(r" \| | > | && | #", line)[0].split()[2:]
        service = next((word for word in words if word in services), None)
        own = words[: words.index(service)] if service else words
        known = run_compose(verb, "--help").stdout
        for option in (word for word in own if word.startswith("-")):
            assert re.search(rf"(^|\s){option}\b", known), (line, option)
        assert service or verb in ("build", "config", "ps", "up"), line
