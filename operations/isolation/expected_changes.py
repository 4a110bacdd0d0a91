"""What the platform does on its own in every tenant, and which change is part of that.

A change is the platform's when two things hold: a process wrote it that serves no requests, and the
command that runs there does just that to this table. A request that writes to the same columns is a
crossing all the same: it comes from ``aggios web``, or from the audit's own process.
"""

from collections.abc import Mapping

from core.process_names import FLEET_WORKER, command_process_name
from operations.housekeeping import PERIODIC_TASKS
from operations.isolation.change_recorder import Change

# By table: actions other than UPDATE, and the columns that an UPDATE may change.
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
        "accounts_maillink": frozenset({"INSERT", "DELETE"}),
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
    """Tell whether a change is the platform's own, or one that anybody may make from outside."""
    return is_migration(change) or _is_maintenance(change) or _is_anonymous(change)


def is_migration(change: Change) -> bool:
    """Tell whether a migration made a change."""
    processes = {command_process_name(name) for name in MIGRATION_COMMANDS}
    return change.process in processes or change.process.startswith(f"{FLEET_WORKER} ")


def _is_maintenance(change: Change) -> bool:
    return any(_allows(work, change) for work in _changes_by_process().get(change.process, ()))


def _changes_by_process() -> dict[str, list[AllowedChanges]]:
    """Return what is maintained by each process, by its name."""
    works = {command_process_name(command): [work] for command, work in COMMAND_CHANGES.items()}
    chores = [
        COMMAND_CHANGES[chore.command]
        for chore in PERIODIC_TASKS
        if chore.command in COMMAND_CHANGES
    ]
    return {**works, command_process_name("housekeep"): chores}


def _allows(work: AllowedChanges, change: Change) -> bool:
    allowed = work.get(change.table, frozenset())
    return change.columns <= allowed if change.action == "UPDATE" else change.action in allowed


def _is_anonymous(change: Change) -> bool:
    """Tell whether a request without a credential may have made a change.

    That is the record of a log-in that was refused, and the order for the mail to whoever forgot a
    password.
    """
    row = change.latter or {}
    added = change.action == "INSERT" and (
        (change.table == "audit_auditevent" and row.get("actor_type") == "anonymous")
        or (change.table == "accounts_letter" and row.get("kind") == "password_reset")
    )
    return added or _is_audit_link(change)


def _is_audit_link(change: Change) -> bool:
    """Tell whether PostgreSQL has added an event to the chain; the event is a change of its own."""
    if change.table != "audit_auditlink":
        return False
    is_unsealed = change.former is not None and change.former.get("sequence") is None
    return change.action == "INSERT" or (change.action == "UPDATE" and is_unsealed)
