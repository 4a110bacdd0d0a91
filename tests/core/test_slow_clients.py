"""Slow clients that send or read a byte now and then: some are served, and other clients too.

The tests connect to a gunicorn of their own with eight threads, six of which may be slow.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from devstack.testing import TestStack
from files.models import Upload
from tenants.context import tenant_context
from tests.core.test_request_body_limits import status_and_code
from tests.support.factories import Agency
from tests.support.files.bucket import stored_keys, unfinished_multiparts
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Host, Site
from tests.support.second_gunicorn import another_gunicorn

THREADS, PLACES, MANY = 8, 6, 24
READERS, WHOLE = THREADS + 2, 12_000_000
DRIP, TIMEOUT = 0.3, 60.0
JSON, FORM = "application/json", "multipart/form-data; boundary=b"
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="slow.bin"\r\n\r\n'


@pytest.fixture(scope="module")
def narrow(site: Site, stores: TestStack) -> Iterator[Site]:
    """The site with one process of few threads."""
    with another_gunicorn(stores, WEB_THREADS=str(THREADS)) as found:
        yield found


def asked(host: Host, method: str, path: str, kind: str = JSON, length: int = 5_000_000) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host.name}:{host.port}"]
    lines += [f"Authorization: Bearer {host.token}", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


class Slow:
    """A slow client; ``answer`` is the response, once its connection has ended."""

    def __init__(self, port: int, request: bytes) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.line.sendall(request)
        self.line.setblocking(False)
        self.answer: bytes | None = None

    def drip(self) -> None:
        """Send one more byte and read a response if there is one; never disconnect."""
        try:
            self.line.send(b"x")
            self.answer = self.answer or self.line.recv(65536)
        except BlockingIOError:
            pass
        except OSError:
            self.answer = self.answer or b""


@contextmanager
def dripping(host: Host, request: bytes, count: int = MANY) -> Iterator[list[Slow]]:
    """Keep a number of clients sending while the block runs."""
    over = threading.Event()
    with ExitStack() as closing:
        clients = [Slow(host.port, request) for _ in range(count)]
        for client in clients:
            closing.enter_context(client.line)

        def go_on() -> None:
            while not over.wait(DRIP):
                for client in clients:
                    client.drip()

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield clients
        finally:
            over.set()
            thread.join()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def at(narrow: Site, agency: Agency) -> Host:
    return narrow.host(agency.slug).with_token(agency.owner.access_token)


@pytest.mark.nightly  # 25 s
def test_slow_senders_do_not_block_others(narrow: Site, new_agency):
    agency = new_agency()
    host = at(narrow, agency)

    with dripping(host, asked(host, "POST", "/api/files", FORM) + FILE) as clients:
        until(lambda: sum(client.answer is not None for client in clients) == MANY - PLACES)
        refused = [client.answer for client in clients if client.answer]
        served = [host.get("/api/users/me").status_code for _ in range(10)]
        quick = add_file(host, "quick.txt", b"quick")
        held = sum(client.answer is None for client in clients)
        until(lambda: all(client.answer is not None for client in clients))
    last = [client.answer for client in clients if client.answer not in refused]

    assert {status_and_code(answer) for answer in refused} == {(503, "too_many_slow_bodies")}
    assert all(b"\r\nretry-after: 10\r\n" in answer.lower() for answer in refused)
    assert (served, quick["size"], held) == ([200] * 10, 5, PLACES)
    assert {status_and_code(answer) for answer in last} == {(400, "upload_interrupted")}
    until(lambda: only_the_quick_one_is_left(agency))


def only_the_quick_one_is_left(agency: Agency) -> bool:
    with tenant_context(agency.ref):
        pending = Upload.objects.filter(state="pending").count()
    return not pending and len(stored_keys(agency)) == 1 and not unfinished_multiparts(agency)


def test_refused_slow_client_holds_no_thread(narrow: Site, new_agency):
    """Requests without a credential whose bodies are as slow."""
    host = at(narrow, new_agency())
    anonymous = host.with_token("")

    with dripping(host, asked(anonymous, "POST", "/api/files", FORM) + FILE) as clients:
        served = [host.get("/api/users/me").status_code for _ in range(10)]
        until(lambda: all(client.answer is not None for client in clients))

    assert served == [200] * 10
    told = [client.answer for client in clients if client.answer]
    assert {status_and_code(answer) for answer in told} == {(401, "not_authenticated")}


def test_slow_readers_do_not_block_others(narrow: Site, new_agency):
    agency = new_agency()
    host = at(narrow, agency)
    file = add_file(agency.owner.at, "large.bin", b"x" * WHOLE)
    request = asked(host, "GET", f"/api/files/{file['id']}/content", length=0)

    with ExitStack() as closing:
        lines = [closing.enter_context(reader(host.port, request)) for _ in range(READERS)]
        served = [host.get("/api/users/me").status_code for _ in range(10)]
        with ThreadPoolExecutor(READERS) as pool:
            sizes = list(pool.map(size_of_rest, lines))
    cut_off = sum(size < WHOLE for size in sizes)

    assert served == [200] * 10
    # Requests are taken up in the order in which they come, so all readers had a thread before the
    # others were served. One reader more than has a place may be read before it counts as slow.
    assert cut_off in (READERS - PLACES - 1, READERS - PLACES)


def reader(port: int, request: bytes) -> socket.socket:
    """Request a file and read nothing of it yet.

    The connection is to end with the answer. Otherwise gunicorn keeps it after a whole answer, for
    longer than ``TIMEOUT``.
    """
    line = socket.socket()
    # Otherwise the kernel could take the whole file.
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port))
    line.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    return line


def size_of_rest(line: socket.socket) -> int:
    """Read to the end of the connection and return the number of bytes."""
    size = 0
    line.settimeout(TIMEOUT)
    with suppress(ConnectionResetError):
        while data := line.recv(1_000_000):
            size += len(data)
    return size
