"""Expected changes: writes of the platform's own commands and of anonymous requests.

A change is expected if its process serves no requests and its command makes this change to this
table. A request with the same change is a crossing: its process is ``aggios web``, or the audit's
own.
"""

from collections.abc import Mapping

from core.process_names import FLEET_WORKER, command_process_name
from operations.housekeeping import PERIODIC_TASKS
from operations.isolation.change_recorder import Change

# By table: allowed actions other than UPDATE, and columns that an UPDATE may change.
AllowedChanges = Mapping[str, frozenset[str]]
# Migrations may write to any table.
MIGRATION_COMMANDS = ("migrate_schemas", "migrate", "fleet")
AUDIT_CHANGES = {"audit_auditevent": frozenset({"INSERT"})}
TRASH_CHANGES = {
    "files_balance": frozenset({"INSERT", "used_bytes", "used_objects"}),
    "files_file": frozenset({"DELETE", "current_id"}),
    "files_fileversion": frozenset({"DELETE"}),
    "files_share": frozenset({"DELETE"}),
    "files_upload": frozenset({"INSERT", "state", "cleared_at", "name"}),
    **AUDIT_CHANGES,
}
COMMAND_CHANGES: dict[str, AllowedChanges] = {
    "deliver_mail": {
        "accounts_letter": frozenset({"DELETE", "attempts", "due_at", "last_error"}),
        "accounts_maillink": frozenset({"INSERT", "DELETE", "hash"}),
        "accounts_invitation": frozenset({"hash"}),
        **AUDIT_CHANGES,
    },
    "prune_sessions": {
        "accounts_session": frozenset({"DELETE", "ended_at", "end_reason"}),
        "accounts_maillink": frozenset({"DELETE"}),
        "accounts_invitation": frozenset({"DELETE"}),
        "accounts_apikey": frozenset({"DELETE"}),
        **AUDIT_CHANGES,
    },
    "end_support_access": AUDIT_CHANGES,
    "purge_trash": TRASH_CHANGES,
    "reconcile_storage": {
        "files_balance": frozenset(
            {
                "INSERT",
                "used_bytes",
                "used_objects",
                "reserved_bytes",
                "reserved_objects",
                "reconciled_at",
            }
        ),
        "files_upload": frozenset({"state", "reason", "reserved_bytes", "cleared_at"}),
        **AUDIT_CHANGES,
    },
    "verify_uploads": {
        "files_balance": frozenset({"reserved_bytes", "reserved_objects"}),
        "files_upload": frozenset(
            {"verify_at", "verify_attempts", "state", "reason", "reserved_bytes", "cleared_at"}
        ),
        **AUDIT_CHANGES,
    },
}


def is_expected(change: Change) -> bool:
    """Tell whether a change is the platform's own, or one that any client can cause."""
    return is_migration(change) or _is_maintenance(change) or _is_anonymous(change)


def is_migration(change: Change) -> bool:
    """Tell whether a migration made the change."""
    processes = {command_process_name(name) for name in MIGRATION_COMMANDS}
    return change.process in processes or change.process.startswith(f"{FLEET_WORKER} ")


def _is_maintenance(change: Change) -> bool:
    processes = _changes_by_process().get(change.process, ())
    return any(_allows(allowed, change) for allowed in processes)


def _changes_by_process() -> dict[str, list[AllowedChanges]]:
    """Return the allowed changes of each process by its name."""
    commands = {command_process_name(name): [allowed] for name, allowed in COMMAND_CHANGES.items()}
    tasks = [
        COMMAND_CHANGES[task.command] for task in PERIODIC_TASKS if task.command in COMMAND_CHANGES
    ]
    return {**commands, command_process_name("housekeep"): tasks}


def _allows(allowed: AllowedChanges, change: Change) -> bool:
    names = allowed.get(change.table, frozenset())
    return change.columns <= names if change.action == "UPDATE" else change.action in names


def _is_anonymous(change: Change) -> bool:
    """Tell whether a request without credentials can have made the change.

    That is the audit event of a failed log-in, and the e-mail for a forgotten password.
    """
    row = change.new or {}
    added = change.action == "INSERT" and (
        (change.table == "audit_auditevent" and row.get("actor_type") == "anonymous")
        or (change.table == "accounts_letter" and row.get("kind") == "password_reset")
    )
    return added or _is_audit_link(change)


def _is_audit_link(change: Change) -> bool:
    """Tell whether PostgreSQL linked an event into the chain; the event is its own change."""
    if change.table != "audit_auditlink":
        return False
    is_unsealed = change.old is not None and change.old.get("sequence") is None
    return change.action == "INSERT" or (change.action == "UPDATE" and is_unsealed)
