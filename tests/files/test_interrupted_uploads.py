"""Interrupted uploads leave nothing: no object, no parts, no file."""

import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from core.db_backend.scope import PUBLIC, use_scope
from files.models import File, Upload
from files.storage.writer import PART_BYTES
from tenants.context import tenant_context
from tests import stack
from tests.support.factories import Agency, Person
from tests.support.files.bucket import count_parts, stored_keys, unfinished_multiparts
from tests.support.files.form_uploads import BOUNDARY, add_file, closing_boundary, form_part

TIMEOUT = 60.0


@contextmanager
def open_upload(port: int, person: Person, length: int | None) -> Iterator[socket.socket]:
    """Open a connection and send the head of an upload; without ``length`` it is chunked."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    head = (
        f"POST /api/files HTTP/1.1\r\nHost: {person.at.name}\r\n"
        f"Authorization: Bearer {person.access_token}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{size}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        connection.sendall(head.encode())
        yield connection


def read_response(connection_: socket.socket) -> tuple[int, str]:
    """Read one response and return its status and problem code."""
    response = http.client.HTTPResponse(connection_)
    response.begin()
    return response.status, json.loads(response.read())["code"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def states(agency: Agency) -> list[str]:
    with tenant_context(agency.ref):
        return list(Upload.objects.values_list("state", flat=True))


def nothing_left(agency: Agency) -> bool:
    with tenant_context(agency.ref):
        rows = File.objects.count() + Upload.objects.exclude(state="failed").count()
    return not rows and not stored_keys(agency) and not unfinished_multiparts(agency)


@pytest.mark.parametrize("entrance", ["gunicorn", "web"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("sent", [600_000, 2 * PART_BYTES + 600_000], ids=["one-put", "multipart"])
def test_upload_of_a_disconnected_client_leaves_nothing(
    new_agency, entrance: str, chunked: bool, sent: int
):
    agency = new_agency()
    begun = form_part("file", "cut.bin", b"")[:-2] + os.urandom(sent)
    total = len(begun) + 5_000_000

    with open_upload(
        stack.ports[entrance], agency.owner, None if chunked else total
    ) as connection_:
        connection_.sendall(f"{total:x}\r\n".encode() + begun if chunked else begun)
        wait_until(lambda: states(agency) == ["pending"])
        if sent > PART_BYTES:
            wait_until(lambda: len(unfinished_multiparts(agency)) == 1)

    wait_until(lambda: states(agency) == ["failed"])
    wait_until(lambda: nothing_left(agency))


def test_slow_upload_holds_no_transaction(new_agency):
    agency = new_agency()
    begun = form_part("file", "slow.bin", b"")[:-2] + os.urandom(600_000)

    with open_upload(stack.ports["gunicorn"], agency.owner, 5_000_000) as connection_:
        connection_.sendall(begun)
        wait_until(lambda: states(agency) == ["pending"])
        with use_scope(PUBLIC), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE usename = current_user AND state LIKE 'idle in transaction%'"
            )
            waiting = cursor.fetchone()[0]

    assert waiting == 0
    wait_until(lambda: nothing_left(agency))


def test_form_that_stops_after_the_file_is_refused(new_agency):
    agency = new_agency()
    body = form_part("file", "whole.bin", b"whole") + form_part("path", None, b"a.bin")[:-9]

    with open_upload(stack.ports["gunicorn"], agency.owner, len(body) + 100) as connection_:
        connection_.sendall(body)
        connection_.shutdown(socket.SHUT_WR)
        response = read_response(connection_)

    assert response == (400, "upload_interrupted")
    assert nothing_left(agency)


def test_form_without_closing_boundary_is_refused(new_agency):
    agency = new_agency()
    body = form_part("file", "headless.bin", b"bytes")

    with open_upload(stack.ports["gunicorn"], agency.owner, len(body)) as connection_:
        connection_.sendall(body)
        response = read_response(connection_)

    assert response == (400, "upload_interrupted")
    assert nothing_left(agency)


def test_too_large_content_length_is_refused_unread(acme: Agency):
    with open_upload(stack.ports["gunicorn"], acme.owner, 6 * 1024**3) as connection_:
        response = read_response(connection_)

    assert response == (413, "file_too_large")


def test_file_that_exceeds_the_limit_is_cut_and_deleted(new_agency, in_process_client, settings):
    settings.FILE_MAX_BYTES = PART_BYTES + 1000
    agency = new_agency()
    client = in_process_client(agency, agency.owner)

    fits = client.post("/api/files", {"file": SimpleUploadedFile("f", b"x" * (PART_BYTES + 1000))})
    over = client.post("/api/files", {"file": SimpleUploadedFile("o", b"x" * (PART_BYTES + 1001))})

    assert (fits.status_code, fits.json()["size"]) == (201, PART_BYTES + 1000)
    assert (over.status_code, over.json()["code"]) == (413, "file_too_large")
    assert len(stored_keys(agency)) == 1
    assert unfinished_multiparts(agency) == []


@pytest.mark.parametrize("entrance", ["gunicorn", "web"])
def test_refusal_of_a_long_body_reaches_the_client(acme: Agency, entrance: str):
    body = form_part("file", "long.bin", os.urandom(30_000_000)) + closing_boundary()
    anonymous = replace(acme.owner, access_token="")

    with open_upload(stack.ports[entrance], anonymous, len(body)) as connection_:
        connection_.sendall(body)
        response = read_response(connection_)

    assert response == (401, "not_authenticated")


@contextmanager
def unavailable_store() -> Iterator[None]:
    stack.stop("seaweedfs")
    try:
        yield
    finally:
        stack.start_ready("seaweedfs")


def test_unavailable_store_refuses_content_only(new_agency):
    agency = new_agency()
    body = add_file(agency.owner.at, "before.txt")
    before = stored_keys(agency)

    with unavailable_store():
        began = time.monotonic()
        put = agency.owner.at.request("POST", "/api/files", files={"file": ("new.txt", b"x")})
        waited = time.monotonic() - began
        content = agency.owner.at.get(f"/api/files/{body['id']}/content")
        listed = agency.owner.at.get("/api/files").json()["results"]
        renamed = agency.owner.at.patch(f"/api/files/{body['id']}", {"name": "after.txt"})
        linked = agency.owner.at.get(f"/api/files/{body['id']}/download")

    for refused in (put, content):
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    assert waited < 30
    assert [row["id"] for row in listed] == [body["id"]]
    assert (renamed.status_code, linked.status_code) == (200, 302)
    assert stored_keys(agency) == before


def test_leftovers_of_an_unavailable_store_are_deleted_with_the_next_upload(new_agency):
    agency = new_agency()
    begun = form_part("file", "half.bin", b"")[:-2] + os.urandom(PART_BYTES + 600_000)
    rest = os.urandom(PART_BYTES) + b"\r\n" + closing_boundary()

    with open_upload(stack.ports["gunicorn"], agency.owner, len(begun) + len(rest)) as connection_:
        connection_.sendall(begun)
        wait_until(lambda: count_parts(agency) == 1)
        with unavailable_store():
            connection_.sendall(rest)
            response = read_response(connection_)

    assert response == (503, "storage_unavailable")
    assert states(agency) == ["failed"]
    add_file(agency.owner.at, "next.txt")
    assert unfinished_multiparts(agency) == []
    assert len(stored_keys(agency)) == 1


def test_leftovers_of_a_killed_worker_are_deleted_after_expiry(new_agency):
    agency = new_agency()
    begun = form_part("file", "orphan.bin", b"")[:-2] + os.urandom(PART_BYTES + 600_000)

    with open_upload(stack.ports["gunicorn"], agency.owner, 50_000_000) as connection_:
        connection_.sendall(begun)
        wait_until(lambda: len(unfinished_multiparts(agency)) == 1)
        stack.kill("gunicorn")
        stack.wait_ready("gunicorn")
    wait_until(lambda: agency.owner.at.get("/api/files").status_code == 200)
    add_file(agency.owner.at, "too-soon.txt")
    kept = unfinished_multiparts(agency)
    with tenant_context(agency.ref):
        orphan = Upload.objects.get(state="pending")
        orphan.expires_at = timezone.now()
        orphan.save(update_fields=["expires_at"])
    add_file(agency.owner.at, "in-time.txt")

    assert len(kept) == 1
    assert unfinished_multiparts(agency) == []
    assert sorted(states(agency)) == ["failed", "ready", "ready"]
