"""The banner of a running stack: addresses, demo log-ins, commands to try."""

import json
import shlex
from typing import Any

from rich.console import Console

from devstack.environment import BASE_DOMAIN
from devstack.home import CHECKOUT
from devstack.stack import Stack


def parse_demo_users(output: str) -> list[dict[str, Any]]:
    """Return the demo log-ins from the output of ``seed_demo --json``; none if it is invalid."""
    try:
        users = json.loads(output)
    except ValueError:
        return []
    return [user for user in users if isinstance(user, dict)]


def print_banner(
    console: Console, stack: Stack, users: list[dict[str, Any]], seconds: float
) -> None:
    """Print the banner."""
    port = stack.ports["web"]
    console.print()
    console.rule(f"[bold green]Aggios is running[/] (started in {seconds:.1f} s)")
    _print_columns(console, _addresses(port))
    if users:
        _print_columns(console, _log_ins(users))
    console.print("[bold]Try next[/], in another terminal:")
    for command in _next_commands(stack, users, port):
        console.print(f"  {command}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"\nLogs: {stack.home.logs}   Settings: {stack.home.env_file}", soft_wrap=True)
    console.print(
        f"E-mails are not sent; they are files in {stack.env['EMAIL_FOLDER']}", soft_wrap=True
    )
    console.print("[bold]Ctrl-C[/] stops everything; the data stays.")


def _addresses(port: int) -> list[tuple[str, ...]]:
    return [
        (title, f"http://{host}:{port}{path}")
        for title, host, path in (
            ("Site and API", "localhost", "/"),
            ("API documentation", "localhost", "/api/docs"),
            ("Agency acme", f"acme.{BASE_DOMAIN}", "/"),
            ("Agency globex", f"globex.{BASE_DOMAIN}", "/"),
            ("Staff admin", f"admin.{BASE_DOMAIN}", "/admin/"),
            ("Object store (S3)", f"s3.{BASE_DOMAIN}", ""),
        )
    ]


def _log_ins(users: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    keys = ("host", "email", "password", "role")
    rows = [tuple(str(user.get(key, "")) for key in keys) for user in users]
    return [("Demo log-in at", "e-mail", "password", "role"), *rows]


def _print_columns(console: Console, rows: list[tuple[str, ...]]) -> None:
    """Print aligned columns without wrapping or truncation, so that they can be copied."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = "  " + "  ".join(cells).rstrip()
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    console.print()


def _next_commands(stack: Stack, users: list[dict[str, Any]], port: int) -> list[str]:
    commands = [f"curl http://localhost:{port}/api/health"]
    members = [user for user in users if not str(user.get("host", "")).startswith("admin.")]
    if members:
        body = json.dumps({key: members[0].get(key) for key in ("email", "password")})
        host = str(members[0].get("host")).split(":")[0]
        commands.append(
            f"curl -X POST http://{host}:{port}/api/auth/login "
            f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
        )
    return [*commands, _manage_command(stack)]


def _manage_command(stack: Stack) -> str:
    home = "" if stack.home.path == CHECKOUT / ".aggios" else f"AGGIOS_HOME={stack.home.path} "
    return f"cd {shlex.quote(str(CHECKOUT))} && {home}.venv/bin/python manage.py list_tenants"
