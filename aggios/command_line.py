"""Runs a management command, from the import of Django to its exit status."""

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from rich_argparse.django import richify_command_line_help

from core.termination import TERMINATION_EXCEPTIONS, exit_after_signal, raise_on_signals


class _Utility(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; from here on signals are exceptions that it may handle."""
        command = super().fetch_command(subcommand)
        raise_on_signals()
        return command


def run_command_line(argv: list[str]) -> None:
    """Run the command that ``argv`` names. Raises: SystemExit."""
    richify_command_line_help()
    try:
        _Utility(argv).execute()
    except TERMINATION_EXCEPTIONS as exc:
        exit_after_signal(exc)
