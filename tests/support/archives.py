"""Archives of tenants, made by the command."""

import secrets
from pathlib import Path

from tests.support.commands import run_command
from tests.support.factories import Agency


def export_archive(agency: Agency, folder: Path, *options: str) -> Path:
    """Export an agency's tenant to a new file in a folder."""
    path = folder / f"{agency.slug}-{secrets.token_hex(3)}.tar"
    run_command("export_tenant", agency.slug, "--to", str(path), *options)
    return path
