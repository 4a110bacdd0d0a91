"""Migrations without reusable SQL: Python code, and concurrent index builds."""

from django.core.management import get_commands

from tenants.fleet.run_command import PLATFORM_COMMANDS
from tests.structure.test_imports import PACKAGES
from tests.support.tenants.fleet import Fleet

CODE = """
import uuid
def fill(apps, editor):
    rows = apps.get_model("ledger", "Entry").objects.using(editor.connection.alias)
    rows.create(id=1, mark=str(uuid.uuid4()))
"""
MARK = 'migrations.AddField("entry", "mark", models.CharField(max_length=36, null=True))'
FILL = "migrations.RunPython(fill, migrations.RunPython.noop)"
INDEX = 'AddIndexConcurrently("entry", models.Index(fields=["id"], name="entry_ids"))'
VALID = (
    "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE c.relname = 'entry_ids' AND c.relnamespace = %s::regnamespace"
)


def test_run_python_runs_separately_in_each_tenant(fleet: Fleet):
    step = fleet.release(MARK, FILL, prelude=CODE)

    fleet.migrate("--parallel", "2")

    schemas = fleet.schemas().values()
    marks = [fleet.ask(f"SELECT mark FROM {s}.ledger_entry WHERE id = 1") for s in schemas]
    assert all(len(mark) == 1 for mark in marks)
    assert len({mark[0][0] for mark in marks}) == len(marks)
    assert fleet.at(step) == set(fleet.schemas())


def test_concurrent_index_replaces_an_invalid_one(fleet: Fleet):
    left = fleet.schemas()["bob"]
    fleet.ask(f"CREATE INDEX entry_ids ON {left}.ledger_entry (id)")
    fleet.ask(f"ALTER INDEX {left}.entry_ids OWNER TO aggios_owner")
    fleet.ask(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
        f"{left}.entry_ids",
    )
    step = fleet.release(INDEX, atomic=False)

    fleet.migrate("--parallel", "2")

    assert fleet.at(step) == set(fleet.schemas())
    assert all(fleet.ask(VALID, schema) == [(True,)] for schema in fleet.schemas().values())


def test_every_own_command_is_listed_as_platform_or_tenant():
    ours = {name for name, app in get_commands().items() if str(app) in PACKAGES}

    assert len(ours) > 15
    assert ours <= PLATFORM_COMMANDS
