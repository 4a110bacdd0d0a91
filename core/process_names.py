"""What a process calls itself towards PostgreSQL: ``application_name``, in pg_stat_activity.

``aggios web`` serves requests; ``aggios deliver_mail`` is the command of that name.
``audit_isolation`` tells by it whether a row was changed by a request or by platform work.
"""

import sys
from pathlib import Path

# PostgreSQL cuts a name off at 63 bytes.
MAX_NAME_LENGTH = 63
FLEET_WORKER = "aggios fleet"


def process_name(argv: list[str] | None = None) -> str:
    """Return the name of this process, by the command line that started it."""
    program, *arguments = sys.argv if argv is None else argv
    path = Path(program)
    if path.name == "manage.py" and arguments:
        return command_process_name(arguments[0])
    if path.parts[-3:] == ("tenants", "fleet", "worker.py"):
        return FLEET_WORKER
    return "aggios web" if "gunicorn" in path.parts else "aggios"


def command_process_name(command: str) -> str:
    """Return the name of the process that ``manage.py COMMAND`` is."""
    return f"aggios {command}"[:MAX_NAME_LENGTH]
