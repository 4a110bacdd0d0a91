"""Refusal of migrations that would block a busy table or break the running release."""

import io

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.core.management import call_command
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tenants.fleet.lint.linter import lint_migration

COUNT = models.IntegerField()
WIDE = models.CharField(max_length=200)
CHECK = models.CheckConstraint(condition=models.Q(count__gte=0), name="count_not_negative")
INDEX = models.Index(fields=["count"], name="by_count")


def nothing(apps, schema_editor) -> None:
    """A data migration function without effect."""


def state() -> ProjectState:
    book = ModelState(
        "ledger",
        "Book",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("count", models.IntegerField(null=True)),
            ("name", models.CharField(max_length=100)),
            ("sequel", models.ForeignKey("ledger.Book", models.CASCADE, null=True)),
        ],
    )
    found = ProjectState()
    found.add_model(book)
    return found


def codes(*operations: Operation, **fields: object) -> list[str]:
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **fields})
    return [fault.code for fault in lint_migration(kind("0002_next", "ledger"), state())]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (migrations.AddIndex("book", INDEX), "add_index"),
        (migrations.AddConstraint("book", CHECK), "add_constraint"),
        (migrations.AddField("book", "pages", models.IntegerField(default=0)), "not_null"),
        (
            migrations.AddField("book", "isbn", models.CharField(null=True, unique=True)),
            "add_index",
        ),
        (
            migrations.AddField(
                "book", "next", models.ForeignKey("ledger.Book", models.CASCADE, null=True)
            ),
            "add_foreign_key",
        ),
        (migrations.AlterField("book", "count", COUNT), "not_null"),
        (migrations.AlterField("book", "name", models.CharField(max_length=50)), "rewrite"),
        (migrations.AlterField("book", "count", models.BigIntegerField(null=True)), "rewrite"),
        (
            migrations.AlterField(
                "book", "sequel", models.ForeignKey("ledger.Shelf", models.CASCADE, null=True)
            ),
            "rewrite",
        ),
        (migrations.RenameField("book", "name", "title"), "rename"),
        (migrations.RenameModel("Book", "Volume"), "rename"),
        (migrations.RemoveField("book", "name"), "remove"),
        (migrations.DeleteModel("Book"), "remove"),
        (migrations.RunSQL("SELECT 1", "SELECT 1"), "run_sql"),
        (migrations.RunPython(nothing), "irreversible"),
        (
            migrations.SeparateDatabaseAndState([migrations.AddIndex("book", INDEX)], []),
            "add_index",
        ),
    ],
)
def test_unsafe_operation_is_refused(operation: Operation, code: str):
    assert codes(operation) == [code]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("book", "pages", models.IntegerField(null=True)),
        migrations.AddField("book", "pages", models.IntegerField(default=0, db_default=0)),
        migrations.AlterField("book", "name", WIDE),
        migrations.AlterField("book", "name", models.TextField()),
        migrations.AlterField(
            "book", "sequel", models.ForeignKey("ledger.book", models.RESTRICT, null=True)
        ),
        AddConstraintNotValid("book", CHECK),
        migrations.RunPython(nothing, migrations.RunPython.noop),
    ],
)
def test_safe_operation_is_accepted(operation: Operation):
    assert codes(operation) == []


def test_new_table_of_same_migration_is_accepted():
    made = migrations.CreateModel(
        "Shelf",
        [("id", models.BigAutoField(primary_key=True)), ("count", models.IntegerField())],
    )

    assert codes(made, migrations.AddIndex("shelf", INDEX)) == []


def test_concurrent_index_must_be_the_only_operation():
    built = AddIndexConcurrently("book", INDEX)
    added = migrations.AddField("book", "pages", models.IntegerField(null=True))

    assert codes(built, atomic=False) == []
    assert codes(added, built, atomic=False) == ["not_atomic"]


def test_mixed_data_and_schema_changes_are_refused():
    rows = migrations.RunPython(nothing, nothing)
    added = migrations.AddField("book", "pages", models.IntegerField(null=True))

    assert codes(added, rows) == ["mixed"]


@pytest.mark.parametrize(
    ("exempt", "left"),
    [
        ({"add_index": "empty in every tenant"}, []),
        ({"add_index": " "}, ["exemption"]),
        ({"rename": "a reason for something else"}, ["add_index", "exemption"]),
    ],
)
def test_exemption_needs_a_violation_and_a_reason(exempt: dict[str, str], left: list[str]):
    assert codes(migrations.AddIndex("book", INDEX), lint_exempt=exempt) == left


def test_own_migrations_have_no_violation():
    out = io.StringIO()

    call_command("lint_migrations", stdout=out)

    assert out.getvalue() == "No migration is refused.\n"
