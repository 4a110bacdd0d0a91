#!/usr/bin/env python3
"""Upload a file of any size directly to the object store of a workspace; resume after a failure.

    export AGGIOS_TOKEN=…      # an access token, or an API key with the scope files:write
    python upload.py http://acme.aggios.localhost:8080 film.mp4

After a lost connection, a reboot or a kill, run the same command again. Until the end, a small file
``film.mp4.upload`` next to the file stores the id of the upload; the service knows which parts it
has received. At the end the program prints the new file as JSON. It needs only Python 3.11: copy
it and change it as you like.
"""

import argparse
import hashlib
import http.client
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

BLOCK = 64 * 1024
TIMEOUT = 120.0  # of one response; ``complete`` reads everything that was sent
PAUSE = 2.0  # a very large upload is verified in the background
RETRIED = {429, 502, 503, 504}  # each call can be repeated: no call has a second effect
ATTEMPTS = 5
Progress = Callable[[int], None]


def main() -> None:
    """Upload the file that the command line names and print the result."""
    parser = argparse.ArgumentParser(description="Upload a file, or resume its upload.")
    parser.add_argument("service", help="for example https://acme.aggios.app")
    parser.add_argument("file", type=Path)
    parser.add_argument("--name", help="the name in the workspace; it may contain folders")
    parser.add_argument("--progress", action="store_true", help="print the number of bytes sent")
    options = parser.parse_args()
    report = print_position if options.progress else (lambda position: None)
    service = Service(options.service, os.environ["AGGIOS_TOKEN"])
    uploaded = send(service, options.file, options.name or options.file.name, report)
    print(json.dumps(uploaded))


def print_position(position: int) -> None:
    """Print how many bytes have been sent."""
    print(position, file=sys.stderr, flush=True)


class Service:
    """The API of a workspace."""

    def __init__(self, address: str, token: str) -> None:
        """Call the API at ``address`` with ``token``."""
        self._address, self._token = address.rstrip("/"), token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the JSON of a response. An error status ends the program with its body.

        What may pass is requested again after the time that the service asks for.
        """
        headers |= {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        for attempt in range(1, ATTEMPTS + 1):
            status, text, wait = exchange(method, self._address + path, content, headers)
            if status not in RETRIED or attempt == ATTEMPTS:
                break
            time.sleep(wait or PAUSE * attempt)
        if status >= 400:
            sys.exit(f"{method} {path}: {status} {text.decode(errors='replace')}")
        return json.loads(text)


class State:
    """What is stored next to the file between runs: ``key``, ``sha256`` and the upload's id."""

    def __init__(self, file: Path) -> None:
        """Read the state of a file; start a new one if there is none or the file has changed."""
        self._path = file.with_name(f"{file.name}.upload")
        info = file.stat()
        same = {"size": info.st_size, "changed": info.st_mtime_ns}
        stored = json.loads(self._path.read_text()) if self._path.exists() else {}
        if same.items() <= stored.items():
            self.values: dict[str, Any] = stored
            return
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        self.store(**same, sha256=digest, key=str(uuid.uuid4()))

    def store(self, **fields: Any) -> None:
        """Replace the stored state atomically."""
        self.values = {**getattr(self, "values", {}), **fields}
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_text(json.dumps(self.values))
        new.replace(self._path)

    def delete(self) -> None:
        """Delete the stored state."""
        self._path.unlink(missing_ok=True)


def send(service: Service, file: Path, name: str, report: Progress) -> Any:
    """Send the missing parts and return the new file."""
    state = State(file)
    if "upload" not in state.values:
        # With the same key the service creates only one upload, however often it is called.
        body = {"name": name, "size": state.values["size"], "sha256": state.values["sha256"]}
        key = {"Idempotency-Key": state.values["key"]}
        state.store(upload=service.call("POST", "/api/uploads", body, **key)["id"])
    path = f"/api/uploads/{state.values['upload']}"
    upload = service.call("GET", path)
    if upload["state"] == "failed":
        state.delete()
        sys.exit(f"The upload has failed ({upload['reason']}); run this again to start a new one.")
    if upload["state"] == "pending":
        received = {part["number"] for part in upload["parts"]}
        for number in range(1, upload["part_count"] + 1):
            if number not in received:
                send_part(service, path, file, number, upload, report)
    while (result := service.call("POST", f"{path}/complete", {})).get("state") == "verifying":
        time.sleep(PAUSE)
    state.delete()
    return result


def send_part(
    service: Service, path: str, file: Path, number: int, upload: dict[str, Any], report: Progress
) -> None:
    """Request the presigned URL of a part and send it there."""
    start = (number - 1) * upload["part_size"]
    length = min(upload["part_size"], upload["size"] - start)
    signed = service.call("POST", f"{path}/parts", {"numbers": [number]})
    headers = {**signed["headers"], "Content-Length": str(length)}
    body = blocks(file, start, length, report)
    status, text, _ = exchange("PUT", signed["urls"][0], body, headers)
    if status != http.client.OK:
        sys.exit(f"Part {number}: {status} {text.decode(errors='replace')}")


def blocks(file: Path, start: int, length: int, report: Progress) -> Iterator[bytes]:
    """Yield a part of a file in blocks, and report the position after each."""
    end = start + length
    with file.open("rb") as source:
        source.seek(start)
        while start < end and (block := source.read(min(BLOCK, end - start))):
            yield block
            start += len(block)
            report(start)


def exchange(method: str, url: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes, float]:
    """Send one request on a new connection.

    Return the status, the body, and the seconds of ``Retry-After`` (0 without it).
    """
    parts = urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    name = parts.hostname or ""
    # Names under localhost are this machine (RFC 6761, 6.3); not every system resolves them.
    connection = connect(
        "127.0.0.1" if name.endswith(".localhost") else name, parts.port, timeout=TIMEOUT
    )
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request(method, path, body, {"Host": parts.netloc, **headers})
        response = connection.getresponse()
        wait = response.getheader("Retry-After", "")
        return response.status, response.read(), float(wait) if wait.isdigit() else 0.0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
