"""Runs a management command, from the import of Django to its exit status."""

import sys
from pathlib import Path
from typing import NoReturn

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from aggios.command_errors import database_message, settings_message
from aggios.command_help import add_exit_status, format_help_by_lines
from core.termination import TERMINATION_EXCEPTIONS, exit_after_signal, raise_on_signals


class _Utility(ManagementUtility):
    stack: Path | None = None

    def main_help_text(self, commands_only: bool = False) -> str:
        """Return the list of commands, which only the settings name."""
        self._require_settings()
        return super().main_help_text(commands_only)

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Return the command; from here on signals are exceptions that it may handle."""
        self._require_settings()
        command = super().fetch_command(subcommand)
        add_exit_status(command)
        raise_on_signals()
        return command

    def _require_settings(self) -> None:
        if isinstance(self.settings_exception, ImproperlyConfigured):
            _exit(settings_message(self.settings_exception, self.stack))


def run_command_line(argv: list[str], *, stack: Path | None = None) -> None:
    """Run the command that ``argv`` names.

    ``stack`` is the folder of the development stack whose settings were read. Raises: SystemExit.
    """
    format_help_by_lines()
    utility = _Utility(argv)
    utility.stack = stack
    try:
        utility.execute()
    except TERMINATION_EXCEPTIONS as exc:
        exit_after_signal(exc)
    except (DatabaseError, psycopg.Error) as exc:
        if (message := database_message(exc, stack)) is None:
            raise
        _exit(message)


def _exit(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(1)
