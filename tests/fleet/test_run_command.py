"""manage.py fleet run-command."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.support.tenants.fleet import Fleet

WHERE = "from tenants.context import current_tenant; print(current_tenant().slug)"
UNLESS_BOB = (
    "from tenants.context import current_tenant; import pathlib\n"
    "assert current_tenant().slug != 'bob' or pathlib.Path({!r}).exists(), 'not bob'"
)


def test_command_runs_inside_each_tenant(fleet: Fleet):
    text = fleet.manage("fleet", "run-command", "shell", "--all", "--", "-c", WHERE)

    for slug in fleet.schemas():
        assert f"{slug} | {slug}" in text
    assert "shell" in fleet.manage("fleet", "report")
    kept = "SELECT DISTINCT detail FROM tenants_fleetoutcome o JOIN tenants_fleetrun r "
    assert fleet.ask(kept + "ON r.id = o.run_id WHERE r.command = 'shell'") == [("",)]


def test_resumed_run_skips_finished_tenants(fleet: Fleet, tmp_path):
    code = UNLESS_BOB.format(str(tmp_path / "now"))
    words = ("shell", "--tenants", "ann,bob", "--json", "--", "-c", code)
    first = json.loads(fleet.manage("fleet", "run-command", *words, status=1))
    assert (first["done"], first["failed"]) == (1, 1)

    (tmp_path / "now").touch()
    again = ("fleet", "run-command", "--resume", first["run"], "--json")
    second = json.loads(fleet.manage(*again))

    assert [row["tenant"] for row in second["results"]] == ["bob"]
    assert json.loads(fleet.manage(*again))["results"] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["shell"], "Say in which tenants"),
        (["--all"], "Which command"),
        (["migrate", "--all"], "works on the platform"),
        (["nonsense", "--all"], "There is no command 'nonsense'"),
        (["shell", "--tenants", "no-such-tenant"], "There is no tenant 'no-such-tenant'"),
        (["--resume", "nonsense"], "There is no run 'nonsense'"),
    ],
)
def test_invalid_run_is_refused(committed: None, words: list[str], why: str):
    with pytest.raises(CommandError, match=why):
        call_command("fleet", "run-command", *words)
