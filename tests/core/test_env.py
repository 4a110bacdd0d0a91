"""Environment variables: old names still work and are logged."""

import logging
from pathlib import Path

import pytest
from django.apps import apps

from core import env

NEW, OLD = "REAUTHENTICATION_SECONDS", "PROOF_SECONDS"


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither name is set, and no old name has been read."""
    for name in (NEW, OLD, f"{NEW}_FILE", f"{OLD}_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(env, "OLD_NAMES_READ", set())


def test_old_name_is_read_and_logged_without_its_value(clean_environment, monkeypatch, caplog):
    monkeypatch.setenv(OLD, "4711")

    value = env.integer(NEW, 600)
    with caplog.at_level(logging.WARNING, logger="core.apps"):
        apps.get_app_config("core").ready()

    assert value == 4711
    [record] = caplog.records
    assert (record.message, record.old, record.new) == ("environment_variable_renamed", OLD, NEW)
    assert "4711" not in str(vars(record))


def test_old_name_of_a_file_is_read(clean_environment, monkeypatch, tmp_path: Path):
    file = tmp_path / "seconds"
    file.write_text("4711\n")
    monkeypatch.setenv(f"{OLD}_FILE", str(file))

    assert env.integer(NEW, 600) == 4711
    assert {OLD} == env.OLD_NAMES_READ


def test_new_name_wins_over_old_name(clean_environment, monkeypatch, caplog):
    monkeypatch.setenv(OLD, "4711")
    monkeypatch.setenv(NEW, "5")

    assert env.integer(NEW, 600) == 5
    apps.get_app_config("core").ready()
    assert caplog.records == []


def test_renamed_variables_are_new_names_of_settings():
    example = (Path(__file__).resolve().parents[2] / ".env.example").read_text(encoding="utf-8")

    assert {name for name in env.RENAMED if f"{name}=" not in example} == set()
    assert {old for old in env.RENAMED.values() if f"{old}=" in example} == set()
