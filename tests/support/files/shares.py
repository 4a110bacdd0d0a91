"""Shares, created and opened as users do."""

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
    """Create a share, of a new file if none is named, and return it."""
    file = file or add_file(host, "shared.txt", DATA)["id"]
    response = host.post(f"/api/files/{file}/shares", fields)
    assert response.status_code == 201, response.text
    return response.json()


def share_path(share: dict[str, Any]) -> str:
    """Return the path of a share's URL."""
    return urlsplit(share["url"]).path


def open_share(agency: Agency, share: dict[str, Any], **kwargs: Any) -> httpx.Response:
    """Open a share without credentials."""
    return agency.host.get(share_path(share), **kwargs)


def audit_events(agency: Agency, action: str) -> list[AuditEvent]:
    """Return the audit events of an action, oldest first."""
    with tenant_context(agency.ref):
        return list(AuditEvent.objects.filter(action=action).order_by("at", "id"))


def without_request_id(response: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of a response without request id, date and process."""
    number = response.headers["x-request-id"]
    varying = {"x-request-id", "date", "connection"}
    headers = {name: v for name, v in response.headers.items() if name not in varying}
    return response.status_code, headers, response.text.replace(number, "")
