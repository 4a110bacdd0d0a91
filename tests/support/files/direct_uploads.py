"""Sending files straight to the store, the way clients do."""

from typing import Any

import httpx

from tests.support.http_client import Host, Site

UPLOADS = "/api/uploads"


def post_upload(host: Host, name: str, size: int, **fields: Any) -> httpx.Response:
    """Begin an upload."""
    return host.post(UPLOADS, {"name": name, "size": size, **fields})


def put_content(site: Site, begun: dict[str, Any], data: bytes) -> None:
    """Send all bytes of an upload that was begun."""
    size = begun["part_size"] or 1
    for number, url in enumerate(begun["urls"]):
        part = data[number * size : (number + 1) * size]
        answer = site.fetch(url, "PUT", content=part, headers=begun["headers"])
        assert answer.status_code == 200, answer.text


def post_complete(host: Host, begun: dict[str, Any]) -> httpx.Response:
    """Ask for the file of what was sent."""
    return host.post(f"{UPLOADS}/{begun['id']}/complete")


def try_direct_upload(site: Site, host: Host, name: str, data: bytes) -> httpx.Response:
    """Add a file straight through the store; return the refusal if there is one."""
    begun = post_upload(host, name, len(data))
    if begun.status_code != 201:
        return begun
    put_content(site, begun.json(), data)
    return post_complete(host, begun.json())


def upload_directly(
    site: Site, host: Host, name: str, data: bytes, **fields: Any
) -> dict[str, Any]:
    """Add a file that must be accepted, and return it with the id of its upload."""
    begun = post_upload(host, name, len(data), **fields)
    assert begun.status_code == 201, begun.text
    put_content(site, begun.json(), data)
    done = post_complete(host, begun.json())
    assert done.status_code == 201, done.text
    return {**done.json(), "upload": begun.json()["id"]}
