"""Uploads by forms, as clients send them."""

from collections.abc import Iterable
from typing import Any

import httpx

from tests.support.http_client import Host

BOUNDARY = "----aggios-test-boundary"


def post_file(
    host: Host, name: str, data: bytes = b"content", path: str = "", **headers: str
) -> httpx.Response:
    """Send a file in an ordinary form."""
    fields = {"path": path} if path else {}
    return host.request(
        "POST", "/api/files", files={"file": (name, data)}, data=fields, headers=headers
    )


def add_file(host: Host, name: str, data: bytes = b"content", **kwargs: Any) -> dict[str, Any]:
    """Add a file that must be accepted, and return it."""
    response = post_file(host, name, data, **kwargs)
    assert response.status_code == 201, response.text
    return response.json()


def form_part(field: str, name: str | None, data: bytes) -> bytes:
    """Return one part of a form as it is sent, with an unescaped file name."""
    disposition = f'Content-Disposition: form-data; name="{field}"'
    if name is not None:
        disposition += f'; filename="{name}"'
    return f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + data + b"\r\n"


def post_parts(host: Host, parts: Iterable[bytes], **headers: str) -> httpx.Response:
    """Send parts unchanged; an iterator is sent chunked, without a length."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
    content = parts if not isinstance(parts, list) else b"".join([*parts, closing_boundary()])
    return host.request("POST", "/api/files", content=content, headers=headers)


def closing_boundary() -> bytes:
    """Return the closing delimiter of the form."""
    return f"--{BOUNDARY}--\r\n".encode()
