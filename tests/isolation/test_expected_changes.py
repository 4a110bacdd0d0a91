"""Writes of the platform to a watched tenant are expected by process, table and column."""

from typing import Any

import pytest

from core.process_names import process_name
from operations.housekeeping import PERIODIC_TASKS
from operations.isolation.canaries import tenant_models
from operations.isolation.change_recorder import Change
from operations.isolation.expected_changes import COMMAND_CHANGES, is_expected

# Commands of the housekeeper that write nothing into a tenant's schema.
IN_PUBLIC_ALONE = {"purge_tenants", "domains", "measure_usage", "verify_audit"}


def updated(process: str, table: str, *columns: str) -> Change:
    old = {"id": 1, **dict.fromkeys(columns, "a")}
    return Change(table, "UPDATE", process, old, {**old, **dict.fromkeys(columns, "b")})


def added(process: str, table: str, **row: Any) -> Change:
    return Change(table, "INSERT", process, None, {"id": 1, **row})


@pytest.mark.parametrize(
    "change",
    [
        updated("aggios housekeep", "files_balance", "reconciled_at"),
        updated("aggios reconcile_storage", "files_balance", "used_bytes", "reconciled_at"),
        updated("aggios housekeep", "accounts_session", "ended_at", "end_reason"),
        updated("aggios deliver_mail", "accounts_letter", "attempts", "due_at"),
        updated("aggios verify_uploads", "files_upload", "verify_at", "verify_attempts"),
        updated("aggios migrate_schemas", "accounts_user", "email"),
        updated("aggios fleet 0a1b2c3d", "accounts_user", "email"),
        Change("files_file", "DELETE", "aggios purge_trash", {"id": 1}, None),
        added("aggios web", "audit_auditevent", actor_type="anonymous"),
        added("aggios web", "accounts_letter", kind="password_reset"),
        added("aggios web", "audit_auditlink", sequence=None),
    ],
    ids=str,
)
def test_change_of_platform_work_is_expected(change: Change):
    assert is_expected(change)


@pytest.mark.parametrize(
    "change",
    [
        updated("aggios web", "files_balance", "reconciled_at"),
        updated("aggios audit_isolation", "files_balance", "reconciled_at"),
        updated("aggios", "accounts_letter", "attempts"),
        updated("", "accounts_letter", "attempts"),
        updated("aggios deliver_mail", "files_balance", "reconciled_at"),
        updated("aggios deliver_mail", "accounts_letter", "attempts", "recipient"),
        updated("aggios housekeep", "accounts_user", "email"),
        updated("aggios housekeep", "accounts_letter", "attempts"),
        updated("aggios erase_person", "accounts_user", "email"),
        updated("aggios fleeting", "accounts_user", "email"),
        updated("aggios web", "audit_auditevent", "actor_type"),
        Change("audit_auditlink", "DELETE", "aggios web", {"id": 1, "sequence": 1}, None),
        Change("files_file", "DELETE", "aggios web", {"id": 1}, None),
        Change("files_file", "TRUNCATE", "aggios purge_trash", None, None),
        added("aggios web", "audit_auditevent", actor_type="user"),
        added("aggios web", "accounts_letter", kind="invitation"),
    ],
    ids=str,
)
def test_other_change_is_a_crossing(change: Change):
    assert not is_expected(change)


def test_periodic_tasks_that_write_to_tenants_are_listed():
    assert {task.command for task in PERIODIC_TASKS} == IN_PUBLIC_ALONE | (
        COMMAND_CHANGES.keys() & {task.command for task in PERIODIC_TASKS}
    )


def test_columns_of_expected_changes_exist():
    columns = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields}
        for model in tenant_models()
    }

    for work in COMMAND_CHANGES.values():
        for table, allowed in work.items():
            assert allowed - {"INSERT", "DELETE"} <= columns[table]


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["manage.py", "deliver_mail", "--once"], "aggios deliver_mail"),
        (["/app/manage.py", "housekeep"], "aggios housekeep"),
        (["/venv/bin/gunicorn", "aggios.wsgi"], "aggios web"),
        (["/venv/lib/gunicorn/__main__.py"], "aggios web"),
        (["/app/tenants/fleet/worker.py"], "aggios fleet"),
        (["/venv/bin/pytest", "deliver_mail"], "aggios"),
        (["manage.py"], "aggios"),
        (["manage.py", "x" * 80], "aggios " + "x" * 56),
    ],
)
def test_process_is_named_by_its_command_line(argv: list[str], name: str):
    assert process_name(argv) == name
