"""The name of a process in PostgreSQL: ``application_name`` in pg_stat_activity.

``aggios web`` serves requests; ``aggios deliver_mail`` runs that command. ``audit_isolation`` uses
the name to tell whether a request or platform work changed a row.
"""

import sys
from pathlib import Path

# PostgreSQL truncates a name to 63 bytes.
MAX_NAME_LENGTH = 63
FLEET_WORKER = "aggios fleet"


def process_name(argv: list[str] | None = None) -> str:
    """Return the name of this process, from its command line."""
    program, *arguments = sys.argv if argv is None else argv
    path = Path(program)
    if path.name == "manage.py" and arguments:
        return command_process_name(arguments[0])
    if path.parts[-3:] == ("tenants", "fleet", "worker.py"):
        return FLEET_WORKER
    return "aggios web" if "gunicorn" in path.parts else "aggios"


def command_process_name(command: str) -> str:
    """Return the name of the process of ``manage.py COMMAND``."""
    return f"aggios {command}"[:MAX_NAME_LENGTH]
