"""The home of a stack: the folder with its data, logs, ports, secrets and env file."""

import os
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import StackError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Home:
    """AGGIOS_HOME, the folder of one stack. Its real path identifies the stack."""

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
        """Return a service's folder; create it if it is missing. Raises: StackError."""
        folder = self.path / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)  # it contains user data
        except OSError as exc:
            raise _unwritable(exc) from exc
        return folder

    def create(self) -> None:
        """Create the home. Raises: StackError in one line if that fails."""
        self.folder("logs")
        try:
            # The secrets stay out of a repository that contains the home.
            (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as exc:
            raise _unwritable(exc) from exc


def _unwritable(exc: OSError) -> StackError:
    return StackError(f"Cannot write to AGGIOS_HOME: {exc.filename}: {exc.strerror}.")


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
