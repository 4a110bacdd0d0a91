#!/usr/bin/env python3
"""Send a file of any size to a workspace, directly to its object store, and resume.

    export AGGIOS_TOKEN=…      # an access token, or an API key with the scope files:write
    python upload.py http://acme.aggios.localhost:8080 film.mp4

Run the same again after a lost connection, a reboot or a kill. A small file ``film.mp4.upload``
stores the upload's id until it is finished; the service knows which parts it has. The result, the
file as the API shows it, is printed as JSON. It needs only Python 3.11: copy it and change it.
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
TIMEOUT = 120.0  # of one request; ``complete`` reads everything that was sent
PAUSE = 2.0  # very large files are verified in the background
Tell = Callable[[int], None]


def main() -> None:
    """Send the file that the command line names and print the result."""
    parser = argparse.ArgumentParser(description="Send a file, or resume sending it.")
    parser.add_argument("service", help="such as https://acme.aggios.app")
    parser.add_argument("file", type=Path)
    parser.add_argument("--name", help="its name in the workspace; it may contain folders")
    parser.add_argument("--progress", action="store_true", help="print the progress")
    options = parser.parse_args()
    say = (lambda at: print(at, file=sys.stderr, flush=True)) if options.progress else None
    service = Service(options.service, os.environ["AGGIOS_TOKEN"])
    done = send(service, options.file, options.name or options.file.name, say or (lambda at: None))
    print(json.dumps(done))


class Service:
    """The API of a workspace."""

    def __init__(self, address: str, token: str) -> None:
        """Send requests to ``address`` with ``token``."""
        self._address, self._token = address.rstrip("/"), token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the JSON of a response. Ends the program with the error of the service."""
        headers |= {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        status, text = exchange(method, self._address + path, content, headers)
        if status >= 400:
            sys.exit(f"{method} {path}: {status} {text.decode(errors='replace')}")
        return json.loads(text)


class Note:
    """State between two runs, in a file: ``key``, ``sha256`` and the upload's id."""

    def __init__(self, file: Path) -> None:
        """Read the note of a file, or create one if there is none or the file has changed."""
        self._path = file.with_name(f"{file.name}.upload")
        about = file.stat()
        same = {"size": about.st_size, "changed": about.st_mtime_ns}
        kept = json.loads(self._path.read_text()) if self._path.exists() else {}
        if same.items() <= kept.items():
            self.kept: dict[str, Any] = kept
            return
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        self.keep(**same, sha256=digest, key=str(uuid.uuid4()))

    def keep(self, **fields: Any) -> None:
        """Replace the note atomically."""
        self.kept = {**getattr(self, "kept", {}), **fields}
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(json.dumps(self.kept))
        fresh.replace(self._path)

    def end(self) -> None:
        """Delete the note."""
        self._path.unlink(missing_ok=True)


def send(service: Service, file: Path, name: str, say: Tell) -> Any:
    """Send the missing parts and return the file."""
    note = Note(file)
    if "upload" not in note.kept:
        # With the same key the service creates one upload, also for repeated requests.
        spec = {"name": name, "size": note.kept["size"], "sha256": note.kept["sha256"]}
        key = {"Idempotency-Key": note.kept["key"]}
        note.keep(upload=service.ask("POST", "/api/uploads", spec, **key)["id"])
    where = f"/api/uploads/{note.kept['upload']}"
    upload = service.ask("GET", where)
    if upload["state"] == "failed":
        note.end()
        sys.exit(f"That upload has ended ({upload['reason']}); run this again to begin a new one.")
    if upload["state"] == "pending":
        arrived = {part["number"] for part in upload["parts"]}
        for number in range(1, upload["part_count"] + 1):
            if number not in arrived:
                send_part(service, where, file, number, upload, say)
    while (done := service.ask("POST", f"{where}/complete", {})).get("state") == "verifying":
        time.sleep(PAUSE)
    note.end()
    return done


def send_part(
    service: Service, where: str, file: Path, number: int, upload: dict[str, Any], say: Tell
) -> None:
    """Ask for the address of a part and send it there."""
    start = (number - 1) * upload["part_size"]
    length = min(upload["part_size"], upload["size"] - start)
    signed = service.ask("POST", f"{where}/parts", {"numbers": [number]})
    headers = {**signed["headers"], "Content-Length": str(length)}
    body = blocks(file, start, length, say)
    status, text = exchange("PUT", signed["urls"][0], body, headers)
    if status != http.client.OK:
        sys.exit(f"Part {number}: {status} {text.decode(errors='replace')}")


def blocks(file: Path, start: int, length: int, say: Tell) -> Iterator[bytes]:
    """Give a part of a file bit by bit, and tell after each how far it has come."""
    end = start + length
    with file.open("rb") as source:
        source.seek(start)
        while start < end and (block := source.read(min(BLOCK, end - start))):
            yield block
            start += len(block)
            say(start)


def exchange(method: str, url: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send one request on a connection of its own and return status and body of the answer."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    name = parts.hostname or ""
    # Names under localhost are this machine (RFC 6761, 6.3), which not every system knows.
    line = kind("127.0.0.1" if name.endswith(".localhost") else name, parts.port, timeout=TIMEOUT)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        line.request(method, path, body, {"Host": parts.netloc, **headers})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


if __name__ == "__main__":
    main()
