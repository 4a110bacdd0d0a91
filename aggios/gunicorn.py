"""gunicorn's configuration: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``.

Threads, because uploads and presigned work wait on sockets; each thread keeps its own database
connection, so connections = workers x threads.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core import env

bind = env.text("WEB_BIND", "0.0.0.0:8000")
workers = env.integer("WEB_WORKERS", 2, least=1)
threads = env.integer("WEB_THREADS", 16, least=1)
worker_class = "aggios.server.worker.Worker"  # gthread
# A gthread worker heartbeats while its threads work, so slow uploads are not killed by this.
timeout = 60
graceful_timeout = 30
keepalive = 75
# A page cursor beside a long search; the default of 4094 is less than our own links can have.
limit_request_line = 8190
# A worker lives for a bounded time: whatever its connections have cached goes with it.
max_requests = 20_000
max_requests_jitter = 2_000
_memory = Path("/dev/shm")  # noqa: S108 - heartbeat files must not wait for a disk
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
# Whoever reaches us is the proxy. It says the scheme in one header; no header may say the path.
forwarded_allow_ips = "*"
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
forwarder_headers = ""
access_log_format = ""
accesslog = None
errorlog = "-"
loglevel = "warning"
logger_class = "aggios.server.worker.RedactingLogger"
preload_app = False
METRICS = "PROMETHEUS_MULTIPROC_DIR"
# Otherwise one socket in the home folder is shared by everything that the account runs.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Give the workers one folder for their metrics, with what former workers have counted there.

    A master that was killed leaves its folder behind; one that was named is used again.
    """
    if not os.environ.get(METRICS):
        os.environ[METRICS] = tempfile.mkdtemp(prefix="aggios-metrics-")
    Path(os.environ[METRICS]).mkdir(parents=True, exist_ok=True)
    _join_metrics(server)


def on_exit(server: Any) -> None:
    """Leave no metrics behind."""
    shutil.rmtree(os.environ[METRICS], ignore_errors=True)


def worker_exit(server: Any, worker: Any) -> None:
    """Save what an ending worker has counted and not saved yet."""
    # Not at the top, for the reason given below; a worker has it loaded long since.
    from tenants.request_counts import save_at_exit  # noqa: PLC0415

    save_at_exit()


def child_exit(server: Any, worker: Any) -> None:
    """Add what a worker has counted to the sums of those that ended, however it ended."""
    # Imported at the top, the package would have chosen counters of one process before on_starting
    # could name the folder; the workers would inherit that, and /metrics would stay empty.
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
    _join_metrics(server)


def _join_metrics(server: Any) -> None:
    from core.observability.metric_files import merge_ended_processes  # noqa: PLC0415 - for the same reason

    try:
        merge_ended_processes(Path(os.environ[METRICS]))
    except Exception as exc:  # noqa: BLE001 - a full disk, say, must not end the master
        server.log.warning("Files of metrics were not joined: %s", exc)
