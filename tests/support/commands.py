"""Management commands in the test's own process."""

import io

from django.core.management import call_command


def run_command(*arguments: str) -> str:
    """Run a command and return what it printed."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()
