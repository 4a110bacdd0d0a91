"""Metric files: one set per worker, and no counts are lost when a worker ends."""

import contextlib
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from core.observability.metric_files import locked_for_reading, merge_ended_processes
from devstack.home import CHECKOUT
from devstack.ports import LOOPBACK

TIMEOUT = 60
WORKERS = 2
# The application's configuration, without parts that need a database.
CONFIG = f"""
from aggios.gunicorn import *
workers, worker_class, max_requests, max_requests_jitter = {WORKERS}, "gthread", 6, 0
keepalive = 0

def worker_exit(server, worker):
    pass
"""
APPLICATION = """
import os
from core.observability.metrics import MetricsMiddleware, observe_request

def application(environ, start_response):
    class Request:
        path_info, META = environ["PATH_INFO"], {}
    answer = MetricsMiddleware(lambda request: None)(Request)
    if answer is None:
        observe_request("apex", "GET", "counted", 200, 0.01)
    start_response("200 OK", [])
    return [str(os.getpid()).encode() if answer is None else answer.content]
"""
COUNTED = re.compile(r"^aggios_http_requests_total\{.*\} (\d+)", re.MULTILINE)
OBSERVED = re.compile(r"^aggios_http_request_seconds_count\{.*\} (\d+)", re.MULTILINE)


def ended_process() -> int:
    """Return the pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def write(folder: Path, kind: str, pid: int | str, **counts: float) -> Path:
    path = folder / f"{kind}_{pid}.db"
    file = MmapedDict(str(path))
    for label, value in counts.items():
        name = f"{kind}_total" if kind == "counter" else f"{kind}_sum"
        file.write_value(mmap_key(kind, name, ["a"], [label], "Help."), value, 0.0)
    file.close()
    return path


def counts_in(folder: Path) -> dict[str, float]:
    metrics = MultiProcessCollector.merge([str(path) for path in folder.glob("*.db")])
    return {f"{s.name} {s.labels['a']}": s.value for m in metrics for s in m.samples}


def test_counts_of_ended_processes_are_merged(tmp_path: Path):
    for _ in range(3):
        write(tmp_path, "counter", ended_process(), one=2, two=1)
        write(tmp_path, "histogram", ended_process(), one=0.5)
    write(tmp_path, "counter", os.getpid(), one=10)
    before = counts_in(tmp_path)

    assert merge_ended_processes(tmp_path)
    assert merge_ended_processes(tmp_path)

    names = {path.name for path in tmp_path.glob("*.db")}
    assert names == {"counter_ended.db", "histogram_ended.db", f"counter_{os.getpid()}.db"}
    assert counts_in(tmp_path) == before
    assert before["counter_total one"] == 16


def test_truncated_file_is_removed(tmp_path: Path):
    (tmp_path / f"counter_{ended_process()}.db").touch()
    write(tmp_path, "counter", ended_process(), one=1)

    assert merge_ended_processes(tmp_path)

    assert counts_in(tmp_path) == {"counter_total one": 1}


def test_full_disk_leaves_files_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path, "counter", ended_process(), one=1)

    def refuse(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)

    with pytest.raises(OSError, match="No space"):
        merge_ended_processes(tmp_path)

    assert path.exists()
    assert counts_in(tmp_path) == {"counter_total one": 1}


def test_many_long_labels_are_merged(tmp_path: Path):
    labels = {f"{'x' * 200}{number}": float(number) for number in range(1000)}
    write(tmp_path, "counter", ended_process(), **labels)
    before = counts_in(tmp_path)

    assert merge_ended_processes(tmp_path)

    assert counts_in(tmp_path) == before
    assert len(before) == 1000


def test_reader_prevents_merge(tmp_path: Path):
    path = write(tmp_path, "counter", ended_process(), one=1)

    with locked_for_reading(tmp_path):
        assert not merge_ended_processes(tmp_path)
        assert path.exists()
    assert merge_ended_processes(tmp_path)
    assert not path.exists()


class Server:
    """gunicorn with a small application that uses the same metrics."""

    def __init__(self, folder: Path) -> None:
        (folder / "small.py").write_text(APPLICATION)
        (folder / "config.py").write_text(CONFIG)
        self.metrics = folder / "metrics"
        self._folder = folder
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self._address = f"{LOOPBACK}:{probe.getsockname()[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the server until the block ends; the block may kill it."""
        config = ["-c", str(self._folder / "config.py"), f"--bind={self._address}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--no-control-socket", *config, "small:application"],
            cwd=self._folder,
            env={
                **os.environ,
                "PYTHONPATH": f"{CHECKOUT}:{self._folder}",
                "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
            },
        )
        try:
            until(self._answers)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://{self._address}/metrics", trust_env=False).is_success
        return False

    def ask(self, path: str) -> str:
        """Return the response; retry if an ending worker closes the connection."""
        answers: list[str] = []

        def asked() -> bool:
            with contextlib.suppress(httpx.TransportError):
                answers.append(httpx.get(f"http://{self._address}{path}", trust_env=False).text)
            return bool(answers)

        until(asked)
        return answers[0]

    def counted(self) -> tuple[int, int]:
        """Return the number of requests in the counter and in the histogram."""
        text = self.ask("/metrics")
        return tuple(  # type: ignore[return-value]
            sum(map(int, pattern.findall(text))) for pattern in (COUNTED, OBSERVED)
        )

    def files(self) -> list[Path]:
        return list(self.metrics.glob("*.db"))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.usefixtures("servers")
def test_recycled_and_killed_workers_lose_no_counts(tmp_path: Path):
    server = Server(tmp_path)
    seen: list[tuple[int, int]] = []
    most = 0
    with server.running() as master:
        workers = set()
        for asked in range(1, 37):
            workers.add(server.ask("/"))
            if asked % 3 == 0:
                seen.append(server.counted())
                most = max(most, len(server.files()))
            if asked in (12, 24):
                os.kill(int(server.ask("/")), signal.SIGKILL)
        assert len(workers) > 2 * WORKERS
        master.kill()
        master.wait()
    with server.running():
        seen.append(server.counted())

    # Two types; each may have a new worker beside one that is ending, and the sum of the ended.
    assert most <= 2 * (2 * WORKERS + 1)
    assert seen == sorted(seen)
    assert seen[-1][0] >= 36
    assert seen[-1][0] == seen[-1][1]


def test_concurrent_scrapes_never_decrease(tmp_path: Path):
    for number in range(1, 31):
        write(tmp_path, "counter", f"{2**22 + number}", one=1)
    seen: list[float] = []
    over = threading.Event()

    def scrape() -> None:
        while not over.is_set():
            with locked_for_reading(tmp_path):
                seen.append(counts_in(tmp_path)["counter_total one"])

    scraper = threading.Thread(target=scrape)
    scraper.start()
    until(lambda: merge_ended_processes(tmp_path))
    over.set()
    scraper.join()

    assert set(seen) == {30}
