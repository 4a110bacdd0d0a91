"""Links to files, as people make and open them."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Host

DATA = b"what is shared"


def create_share(host: Host, file: str = "", **fields: Any) -> dict[str, Any]:
    """Make a link that must be made, to a new file if none is named, and return it."""
    file = file or add_file(host, "shared.txt", DATA)["id"]
    answer = host.post(f"/api/files/{file}/shares", fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def share_path(share: dict[str, Any]) -> str:
    """Return the path of a link's address."""
    return urlsplit(share["url"]).path


def open_share(agency: Agency, share: dict[str, Any], **kwargs: Any) -> httpx.Response:
    """Open a link as somebody who has nothing but it."""
    return agency.host.get(share_path(share), **kwargs)


def audit_events(agency: Agency, action: str) -> list[AuditEvent]:
    """Return what is on record, the oldest first."""
    with tenant_context(agency.ref):
        return list(AuditEvent.objects.filter(action=action).order_by("at", "id"))


def without_request_id(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Return all of an answer but its request's number, its time and the process it came from."""
    number = answer.headers["x-request-id"]
    varying = {"x-request-id", "date", "connection"}
    headers = {name: v for name, v in answer.headers.items() if name not in varying}
    return answer.status_code, headers, answer.text.replace(number, "")
