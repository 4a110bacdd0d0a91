"""``python -m devstack up|status|stop|env``."""

import argparse
import sys

from rich.console import Console

from devstack import inspect_stack
from devstack.errors import StackError
from devstack.up import up


def main() -> int:
    """Run a command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="run the stack in the foreground")
    commands.add_parser("status", help="show the servers of the running stack")
    commands.add_parser("stop", help="end the running stack")
    commands.add_parser("env", help="print the variables of the stack")
    command = parser.parse_args().command
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    console = Console(highlight=False)
    try:
        return _run(command, console)
    except StackError as exc:
        print(f"aggios: {exc}", file=sys.stderr)
        return 1


def _run(command: str, console: Console) -> int:
    if command == "status":
        return inspect_stack.status(console)
    if command == "stop":
        return inspect_stack.stop(console)
    if command == "env":
        return inspect_stack.env()
    up(console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
