"""Transfer of a gibibyte each way, in constant memory of the workers.

``LARGE_MEBIBYTES`` is their size: a gibibyte when asked for, an eighth of it as a part of the
suite. Nothing of that size lies on the disk of the test: the bytes are made as they are sent.
"""

import hashlib
import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil
import pytest

from files.storage.client import client
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import stored_keys
from tests.support.files.consistency import assert_consistent, balance_of
from tests.support.files.direct_uploads import post_upload
from tests.support.files.form_uploads import BOUNDARY, closing_boundary, form_part
from tests.support.http_client import Host

MIB = 1024 * 1024
SIZE = int(os.environ.get("LARGE_MEBIBYTES", "128")) * MIB
MOST_GROWTH = 50_000_000  # bytes
MOMENT = 0.1
BLOCK = os.urandom(MIB)


def blocks(start: int, length: int) -> Iterator[bytes]:
    """Yield the content of a file in which every MiB differs, starting at a whole MiB."""
    for number in range(start // MIB, (start + length) // MIB):
        yield number.to_bytes(8, "big") + BLOCK[8:]


def digest_of(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def no_worker_grows() -> Iterator[None]:
    """Check that no worker's memory grows by 50 MB at any time in the block."""
    workers = psutil.Process(stack.pid("gunicorn")).children()
    before = {worker.pid: worker.memory_info().rss for worker in workers}
    most, over = dict(before), threading.Event()

    def watch() -> None:
        while not over.wait(MOMENT):
            for worker in workers:
                most[worker.pid] = max(most[worker.pid], worker.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    growth = max(most[pid] - before[pid] for pid in before)
    print(f"{SIZE // MIB} MiB: a worker grew by {growth / 1e6:.1f} MB")
    assert growth < MOST_GROWTH


def upload_directly(host: Host) -> http.client.HTTPResponse | dict:
    begun = post_upload(host, "direct.bin", SIZE).json()
    for number in range(1, begun["part_count"] + 1):
        signed = host.post(f"/api/uploads/{begun['id']}/parts", {"numbers": [number]}).json()
        start = (number - 1) * begun["part_size"]
        length = min(begun["part_size"], SIZE - start)
        put(signed["urls"][0], blocks(start, length), length)
    # An upload above a gibibyte is verified in the background.
    while (done := host.post(f"/api/uploads/{begun['id']}/complete")).status_code == 202:
        time.sleep(int(done.headers["Retry-After"]))
    assert done.status_code == 201, done.text
    return done.json()


def put(url: str, body: Iterator[bytes], length: int) -> None:
    parts = urlsplit(url)
    line = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    headers = {"Host": parts.netloc, "Content-Length": str(length)}
    line.request("PUT", f"{parts.path}?{parts.query}", body, headers)
    response = line.getresponse()
    assert response.status == 200, response.read()
    line.close()


def upload_by_form(host: Host) -> dict:
    head, tail = form_part("file", "form.bin", b"")[:-2], b"\r\n" + closing_boundary()

    def body() -> Iterator[bytes]:
        yield head
        yield from blocks(0, SIZE)
        yield tail

    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(len(head) + SIZE + len(tail)),
    }
    response = host.request("POST", "/api/files", content=body(), headers=headers)
    assert response.status_code == 201, response.text
    return response.json()


def downloaded_digest(host: Host, file: dict) -> str:
    """Return the SHA-256 of the content, read through the backend."""
    line = http.client.HTTPConnection("127.0.0.1", host.port, timeout=60)
    headers = {"Host": f"{host.name}:{host.port}", "Authorization": f"Bearer {host.token}"}
    line.request("GET", f"/api/files/{file['id']}/content", headers=headers)
    response = line.getresponse()
    assert response.status == 200
    return digest_of(iter(lambda: response.read(MIB), b""))


@pytest.mark.nightly
@pytest.mark.parametrize("send", [upload_directly, upload_by_form])
def test_large_file_is_transferred_in_constant_memory(new_agency, send):
    agency: Agency = new_agency()
    host = agency.owner.at
    # Exclude what a worker loads with its first upload.
    for _ in range(4):
        host.request("POST", "/api/files", files={"file": ("first.bin", os.urandom(9 * MIB))})
    before = balance_of(agency)
    known = stored_keys(agency)

    with no_worker_grows():
        file = send(host)
        came_back = downloaded_digest(host, file)

    wanted = digest_of(blocks(0, SIZE))
    [key] = stored_keys(agency) - known
    stored = client().get_object(Bucket=stack.env["S3_BUCKET"], Key=key)["Body"]
    assert file["size"] == SIZE
    assert {file["sha256"], came_back, digest_of(stored.iter_chunks(MIB))} == {wanted}
    assert balance_of(agency)[:2] == (before[0] + SIZE, before[1] + 1)
    assert host.delete(f"/api/files/{file['id']}").status_code == 204
    assert host.delete(f"/api/trash/{file['id']}").status_code == 204
    assert balance_of(agency) == before
    assert stored_keys(agency) == known
    assert_consistent(agency)
