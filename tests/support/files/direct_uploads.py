"""Sending files straight to the store, the way clients do."""

from typing import Any

import httpx

from tests.support.http_client import Host, Site

UPLOADS = "/api/uploads"


def announced(host: Host, name: str, size: int, **fields: Any) -> httpx.Response:
    """Begin an upload."""
    return host.post(UPLOADS, {"name": name, "size": size, **fields})


def sent(site: Site, begun: dict[str, Any], data: bytes) -> None:
    """Send all bytes of an upload that was begun."""
    size = begun["part_size"] or 1
    for number, url in enumerate(begun["urls"]):
        part = data[number * size : (number + 1) * size]
        answer = site.fetch(url, "PUT", content=part, headers=begun["headers"])
        assert answer.status_code == 200, answer.text


def completed(host: Host, begun: dict[str, Any]) -> httpx.Response:
    """Ask for the file of what was sent."""
    return host.post(f"{UPLOADS}/{begun['id']}/complete")


def direct(site: Site, host: Host, name: str, data: bytes) -> httpx.Response:
    """Add a file straight through the store; return the refusal if there is one."""
    begun = announced(host, name, len(data))
    if begun.status_code != 201:
        return begun
    sent(site, begun.json(), data)
    return completed(host, begun.json())


def sent_directly(site: Site, host: Host, name: str, data: bytes, **fields: Any) -> dict[str, Any]:
    """Add a file that must be accepted, and return it with the id of its upload."""
    begun = announced(host, name, len(data), **fields)
    assert begun.status_code == 201, begun.text
    sent(site, begun.json(), data)
    done = completed(host, begun.json())
    assert done.status_code == 201, done.text
    return {**done.json(), "upload": begun.json()["id"]}
