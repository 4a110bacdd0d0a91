"""Events during a run: kills, signals, second runs, created and deleted tenants."""

import json
import signal
import subprocess
import time
from collections.abc import Callable

import psycopg
import pytest

from tests.support.tenants.fleet import FIELD, SLOW, Fleet

WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def start_slow_run(fleet: Fleet) -> tuple[str, subprocess.Popen[str]]:
    """Start a run and return after the first finished tenant."""
    step = fleet.release(FIELD.format(f"slow{time.monotonic_ns()}"), SLOW)
    process = fleet.start("migrate_schemas", "--parallel", "1", "--json")
    wait_until(lambda: fleet.at(step))
    return step, process


def test_killed_run_is_continued_by_the_next(fleet: Fleet):
    step, process = start_slow_run(fleet)
    with process:
        process.send_signal(signal.SIGKILL)
    assert fleet.at(step) < set(fleet.schemas())

    assert fleet.migrate("--parallel", "2")["failed"] == 0

    assert fleet.at(step) == set(fleet.schemas())
    assert fleet.broken() == {}
    last = json.loads(fleet.manage("fleet", "status", "--json"))["last_run"]
    assert last["finished_at"]


def test_interrupted_run_reports_what_it_did(fleet: Fleet):
    step, process = start_slow_run(fleet)
    with process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)

    report = json.loads(out)
    assert process.returncode == 143, err
    assert "Run it again" in err
    assert {row["tenant"] for row in report["results"]} == fleet.at(step)
    assert report["not_tried"] == len(fleet.schemas()) - len(report["results"]) > 0


def test_second_run_is_refused_in_one_line(fleet: Fleet):
    step = fleet.release()
    with fleet.start("migrate_schemas", "--lock-timeout", "60s", "--json") as process:
        # Not on the fleet's connection: its view of sessions is frozen in a transaction.
        with psycopg.connect(fleet.url) as other_session:
            table = f"{fleet.schemas()['ann']}.ledger_entry"
            other_session.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
            wait_until(lambda: fleet.ask(WAITING))
            with fleet.start("migrate_schemas") as second:
                out, err = second.communicate(timeout=60)
        first, _ = process.communicate(timeout=60)

    assert (second.returncode, out) == (4, "")
    assert err.strip() == (
        "CommandError: Another migrate_schemas or fleet run is active. Try again when it has ended."
    )
    assert json.loads(first)["failed"] == 0
    assert fleet.at(step) == set(fleet.schemas())


def test_tenant_created_from_old_template_is_migrated(fleet: Fleet):
    step = fleet.release()
    with (
        fleet.begin_to_make("late") as maker,
        fleet.start("migrate_schemas", "--lock-timeout", "30s", "--json") as process,
    ):
        wait_until(lambda: fleet.ask(WAITING))  # the new template waits for the one in use
        maker.communicate("\n", timeout=60)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert "late" in {row["tenant"] for row in json.loads(out)["results"]}
    assert "late" in fleet.at(step)


@pytest.mark.nightly
def test_tenant_deleted_during_run_is_no_failure(fleet: Fleet):
    fleet.make("gone")
    schema = fleet.schemas()["gone"]
    _, process = start_slow_run(fleet)
    with process:
        fleet.ask("UPDATE tenants_tenant SET status = 'deleting' WHERE schema_name = %s", schema)
        fleet.ask(f"DROP SCHEMA {schema} CASCADE")
        fleet.ask("DELETE FROM tenants_domain WHERE domain = 'gone'")
        fleet.ask("DELETE FROM tenants_tenant WHERE schema_name = %s", schema)
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    outcomes = {row["schema"]: row["outcome"] for row in json.loads(out)["results"]}
    assert outcomes[schema] == "gone"
