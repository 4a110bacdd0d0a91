"""The help of commands: wrapped to the terminal's width, with the line breaks of its texts kept."""

import re

from django.core.management.base import BaseCommand, CommandParser
from rich.text import Text
from rich_argparse._patching import patch_default_formatter_class
from rich_argparse.django import DjangoRichHelpFormatter, richify_command_line_help

EXIT_STATUS = "Exit status:"
USUAL_STATUS = f"{EXIT_STATUS} 0 done, 1 refused or failed, 2 wrong usage, 130 and 143 interrupted."


class LineHelpFormatter(DjangoRichHelpFormatter):
    """Wraps each line of a text by itself; a wrapped line keeps the indentation of its first."""

    text_markup = help_markup = False

    def _rich_fill_text(self, text: Text, width: int, indent: Text) -> Text:
        filled = Text()
        for line in text.split("\n", allow_blank=True):
            spaces = re.match(" *", line.plain)
            deeper = indent + (spaces[0] if spaces else "")
            wrapped = super()._rich_fill_text(line[len(deeper) :], width - len(deeper), deeper)
            wrapped.rstrip()
            filled.append(wrapped).append("\n")
        return filled.append("\n")


def format_help_by_lines() -> None:
    """Give the help of every command, and of each verb of a command, our formatter."""
    richify_command_line_help(LineHelpFormatter)
    patch_default_formatter_class(CommandParser, formatter_class=LineHelpFormatter)


def add_exit_status(command: BaseCommand) -> None:
    """Add the usual exit statuses to the help of one of our commands that names no others."""
    if command.help and EXIT_STATUS not in command.help and "Example" in command.help:
        command.help = f"{command.help}\n\n{USUAL_STATUS}"
