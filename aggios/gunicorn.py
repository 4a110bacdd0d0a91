"""Configuration of gunicorn: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``.

Threads are used because requests wait for sockets. Each thread has its own database connection, so
connections = workers x threads.
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
# A gthread worker sends heartbeats while its threads work, so slow uploads do not end it.
timeout = 60
graceful_timeout = 30
keepalive = 75
# A cursor beside a long search: our own links can exceed the default of 4094.
limit_request_line = 8190
# A worker ends after so many requests, and the caches of its connections with it.
max_requests = 20_000
max_requests_jitter = 2_000
_memory = Path("/dev/shm")  # noqa: S108 - heartbeat files must not wait for a disk
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
# Every client here is the proxy. It sets the scheme in one header; no header sets the path.
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
# Else all applications of the account share one socket in its home folder.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Create one metrics folder for the workers, and merge what former workers counted.

    A killed master leaves its folder; a configured folder is used again.
    """
    if not os.environ.get(METRICS):
        os.environ[METRICS] = tempfile.mkdtemp(prefix="aggios-metrics-")
    Path(os.environ[METRICS]).mkdir(parents=True, exist_ok=True)
    _join_metrics(server)


def on_exit(server: Any) -> None:
    """Delete the metrics folder."""
    shutil.rmtree(os.environ[METRICS], ignore_errors=True)


def worker_exit(server: Any, worker: Any) -> None:
    """Save the request counts of an ending worker."""
    # Not at the top for the reason in child_exit; a worker has it loaded.
    from tenants.request_counts import save_at_exit  # noqa: PLC0415

    save_at_exit()


def child_exit(server: Any, worker: Any) -> None:
    """Merge the metrics of an ended worker."""
    # Imported at the top, the package would choose single-process counters before on_starting sets
    # the folder. The workers would inherit them, and /metrics would stay empty.
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
    _join_metrics(server)


def _join_metrics(server: Any) -> None:
    from core.observability.metric_files import merge_ended_processes  # noqa: PLC0415 - for the same reason

    try:
        merge_ended_processes(Path(os.environ[METRICS]))
    except Exception as exc:  # noqa: BLE001 - a full disk, say, must not end the master
        server.log.warning("Files of metrics were not joined: %s", exc)
