"""migrate_schemas over a fleet: outdated, failing and locked tenants."""

import argparse
import json

import pytest

from tenants.management.arguments import duration_argument
from tests.support.tenants.fleet import CAST, FIELD, Fleet
from tests.support.tenants.pg_catalog import describe_schema


def columns(fleet: Fleet, slug: str) -> set[str]:
    question = (
        "SELECT column_name::text FROM information_schema.columns "
        "WHERE table_name = 'ledger_entry' AND table_schema = %s"
    )
    return {name for (name,) in fleet.ask(question, fleet.schemas()[slug])}


def test_release_reaches_every_tenant_in_two_processes(fleet: Fleet):
    step = fleet.release()

    report = fleet.migrate("--parallel", "2")

    assert {row["tenant"] for row in report["results"]} == set(fleet.schemas())
    assert {tuple(row["steps"]) for row in report["results"]} == {(f"ledger.{step}",)}
    assert fleet.at(step) == set(fleet.schemas())
    again = fleet.migrate()
    assert (again["run"], again["results"]) == (None, [])


def test_recorded_sql_makes_the_same_schema_as_operations(fleet: Fleet):
    fleet.release(
        'migrations.CreateModel("Page", [("id", models.BigAutoField(primary_key=True)), '
        '("entry", models.ForeignKey("ledger.Entry", models.CASCADE)), '
        '("word", models.CharField(max_length=9, default="o\'n%s", unique=True))])',
        'migrations.AddField("entry", "size", models.IntegerField(default=7))',
    )

    fleet.migrate("--parallel", "1")  # the first by its operations, the others by the recorded SQL
    fleet.make("eve")  # from the template

    first, *others = (structure_of(fleet, schema) for schema in fleet.schemas().values())
    for other in others:
        assert other == first


def structure_of(fleet: Fleet, schema: str) -> dict[str, list[str]]:
    """Return the description of a schema without the last values of its sequences.

    They depend on what earlier tests have done in the shared fleet.
    """
    facts = describe_schema(fleet.database, schema)
    return {**facts, "sequences": [row.rpartition(",")[0] for row in facts["sequences"]]}


def test_plan_changes_nothing(fleet: Fleet):
    step = fleet.release()

    plan = json.loads(fleet.manage("migrate_schemas", "--plan", "--json"))

    assert {row["tenant"] for row in plan["behind"]} == set(fleet.schemas())
    assert plan["behind"][0]["steps"] == [f"ledger.{step}"]
    assert not plan["template_is_current"]
    assert fleet.at(step) == set()


def test_failed_tenant_is_unchanged_and_in_maintenance_until_repaired(fleet: Fleet):
    schema = fleet.schemas()["bob"]
    step = fleet.release(FIELD.format("sound"), FIELD.format("taken"))
    fleet.ask(f"ALTER TABLE {schema}.ledger_entry ADD COLUMN taken text")

    report = fleet.migrate("--parallel", "2", status=1)

    assert fleet.at(step) == set(fleet.schemas()) - {"bob"}
    assert "sound" not in columns(fleet, "bob")
    assert [row["tenant"] for row in report["results"] if row["outcome"] == "failed"] == ["bob"]
    assert "already exists" in fleet.broken()["bob"]
    status = json.loads(fleet.manage("fleet", "status", "--json", status=1))
    assert (status["behind"], [b["tenant"] for b in status["broken"]]) == (1, ["bob"])
    assert status["last_run"]["failed"] == ["bob"]

    fleet.ask(f"ALTER TABLE {schema}.ledger_entry DROP COLUMN taken")
    fleet.migrate()
    assert fleet.broken() == {}
    assert fleet.at(step) == set(fleet.schemas())


def test_failed_canary_stops_the_run(fleet: Fleet):
    schema = fleet.schemas()["ann"]
    step = fleet.release(FIELD.format("feather"))
    fleet.ask(f"ALTER TABLE {schema}.ledger_entry ADD COLUMN feather text")

    report = fleet.migrate("--canary", "1", status=3)

    assert fleet.at(step) == set()
    assert (report["failed"], report["not_tried"]) == (1, len(fleet.schemas()) - 1)
    fleet.ask(f"ALTER TABLE {schema}.ledger_entry DROP COLUMN feather")


def test_run_stops_after_max_failures(fleet: Fleet):
    step = fleet.release(FIELD.format("many"))
    for schema in fleet.schemas().values():
        fleet.ask(f"ALTER TABLE {schema}.ledger_entry ADD COLUMN many text")

    report = fleet.migrate("--max-failures", "2", status=3)

    assert report["failed"] == 2
    assert fleet.at(step) == set()
    for schema in fleet.schemas().values():
        fleet.ask(f"ALTER TABLE {schema}.ledger_entry DROP COLUMN many")


def test_locked_table_is_retried_without_maintenance(fleet: Fleet):
    step = fleet.release()
    schema = fleet.schemas()["cat"]
    with fleet.database.transaction():
        fleet.ask(f"LOCK TABLE {schema}.ledger_entry IN ACCESS SHARE MODE")
        limits = ("--lock-timeout", "100ms", "--retries", "1")
        report = fleet.migrate(*limits, status=1)

    failed = [row for row in report["results"] if row["outcome"] != "done"]
    assert [(row["tenant"], row["outcome"], row["tries"]) for row in failed] == [
        ("cat", "locked", 2)
    ]
    assert fleet.at(step) == set(fleet.schemas()) - {"cat"}
    assert fleet.broken() == {}


def test_only_named_tenants_are_migrated(fleet: Fleet):
    step = fleet.release()

    fleet.migrate("--tenants", "ann,bob")

    assert fleet.at(step) == {"ann", "bob"}


@pytest.mark.parametrize("value", ["soon", "5", "-1s", "1 s", ""])
def test_duration_without_unit_is_refused(value: str):
    with pytest.raises(argparse.ArgumentTypeError):
        duration_argument(value)


def test_computed_default_is_computed_for_each_tenant(fleet: Fleet):
    fleet.release('migrations.CreateModel("Door", [("id", models.BigAutoField(primary_key=True))])')
    fleet.migrate()
    for schema in fleet.schemas().values():
        fleet.ask(f"INSERT INTO {schema}.ledger_door DEFAULT VALUES")
    fleet.release(
        'migrations.AddField("door", "key", models.UUIDField(default=__import__("uuid").uuid4))'
    )

    fleet.migrate("--parallel", "1")

    keys = {fleet.ask(f"SELECT key FROM {s}.ledger_door")[0] for s in fleet.schemas().values()}
    assert len(keys) == len(fleet.schemas()) >= len(CAST)
