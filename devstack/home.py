"""The folder that holds everything of one stack: data, logs, ports, secrets and the env file."""

import os
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """AGGIOS_HOME: where one stack keeps its things. Its real path is the stack's identity."""

    path: Path

    @classmethod
    def chosen(cls) -> "Home":
        """Return the home that AGGIOS_HOME names, or ``.aggios`` in the checkout."""
        return cls.at(Path(os.environ.get("AGGIOS_HOME") or CHECKOUT / ".aggios"))

    @classmethod
    def at(cls, path: Path) -> "Home":
        """Return the home at ``path``, its symbolic links resolved."""
        return cls(path.expanduser().resolve())

    @property
    def env_file(self) -> Path:
        """Addresses and credentials of the stack, KEY=VALUE, mode 0600."""
        return self.path / "env"

    @property
    def logs(self) -> Path:
        """One log file for each service, and Traefik's access log."""
        return self.path / "logs"

    def file(self, name: str) -> Path:
        """Return the path of a file of the stack itself."""
        return self.path / name

    def folder(self, name: str) -> Path:
        """Return a service's folder, made if it is missing. Raises StackError if it cannot be."""
        folder = self.path / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)  # what lies here is people's data
        except OSError as exc:
            raise _unwritable(exc) from exc
        return folder

    def create(self) -> None:
        """Make the home. Raises StackError in one line if that cannot be done."""
        self.folder("logs")
        try:
            # Whatever repository the home lies in, its secrets stay out of it.
            (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as exc:
            raise _unwritable(exc) from exc


def _unwritable(exc: OSError) -> StackError:
    return StackError(f"Cannot write to AGGIOS_HOME: {exc.filename}: {exc.strerror}.")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone from its first moment on."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
