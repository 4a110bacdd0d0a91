"""Direct uploads, as clients send them."""

from typing import Any

import httpx

from tests.support.http_client import Host, Site

UPLOADS = "/api/uploads"


def post_upload(host: Host, name: str, size: int, **fields: Any) -> httpx.Response:
    """Create an upload."""
    return host.post(UPLOADS, {"name": name, "size": size, **fields})


def put_content(site: Site, begun: dict[str, Any], data: bytes) -> None:
    """Send the whole content of an upload."""
    size = begun["part_size"] or 1
    for number, url in enumerate(begun["urls"]):
        part = data[number * size : (number + 1) * size]
        response = site.fetch(url, "PUT", content=part, headers=begun["headers"])
        assert response.status_code == 200, response.text


def post_complete(host: Host, begun: dict[str, Any]) -> httpx.Response:
    """Complete an upload."""
    return host.post(f"{UPLOADS}/{begun['id']}/complete")


def try_direct_upload(site: Site, host: Host, name: str, data: bytes) -> httpx.Response:
    """Add a file by a direct upload; return the refusal if there is one."""
    begun = post_upload(host, name, len(data))
    if begun.status_code != 201:
        return begun
    put_content(site, begun.json(), data)
    return post_complete(host, begun.json())


def upload_directly(
    site: Site, host: Host, name: str, data: bytes, **fields: Any
) -> dict[str, Any]:
    """Add a file by a direct upload that must succeed; return it with the id of its upload."""
    begun = post_upload(host, name, len(data), **fields)
    assert begun.status_code == 201, begun.text
    put_content(site, begun.json(), data)
    done = post_complete(host, begun.json())
    assert done.status_code == 201, done.text
    return {**done.json(), "upload": begun.json()["id"]}
