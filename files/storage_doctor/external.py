"""Checks through the public endpoint, as clients use it: through the proxy, by presigned URLs.

The probe object is below a prefix that no tenant has, and is deleted afterwards.
"""

import http.client
import re
import secrets
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.parse import urlsplit

from django.conf import settings

from core.problems import StorageUnavailable
from files.storage.client import signing_client
from files.storage.deletion import delete_keys
from files.storage_doctor.report import (
    PROBE_PREFIX,
    Finding,
    failed,
    passed,
    refused_by_store,
    warned,
)

UNLISTED_ORIGIN = "https://storage-doctor.invalid"
# Amazon S3, "RequestTimeTooSkewed": 15 minutes. A synchronised clock is well within a minute.
CLOCK_SKEW_WARNING, CLOCK_SKEW_LIMIT = 60, 15 * 60
TIMEOUT = 10.0
MAX_BODY_BYTES = 64 * 1024
ERROR_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")


@dataclass
class ProbeObject:
    """A test object that is put, read and deleted."""

    key: str = field(default_factory=lambda: f"{PROBE_PREFIX}/{secrets.token_hex(16)}")
    data: bytes = field(default_factory=lambda: secrets.token_bytes(1024))

    def signed(self, operation: str) -> str:
        """Return a URL of the object that is presigned for the public endpoint."""
        location = {"Bucket": settings.S3_BUCKET, "Key": self.key}
        url: str = signing_client().generate_presigned_url(operation, Params=location, ExpiresIn=60)
        return url

    @property
    def bare(self) -> str:
        """The URL of the object without a signature."""
        return f"{settings.S3_PUBLIC_ENDPOINT_URL}/{settings.S3_BUCKET}/{self.key}"


def check_public_endpoint() -> Iterator[Finding]:
    """Check that clients can put and get objects, from which origins, and that others cannot."""
    probe = ProbeObject()
    try:
        yield from _run_checks(probe)
    except (OSError, HTTPException) as exc:
        why, remedy = explain_failure(exc)
        yield failed("public endpoint", f"{settings.S3_PUBLIC_ENDPOINT_URL}: {why}.", remedy)
    finally:
        with suppress(StorageUnavailable):
            delete_keys([probe.key])


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """A response; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error code of the store; "" if the response is not from the store."""
        match = ERROR_CODE.search(self.body)
        return match[1].decode() if match else ""


def send_request(method: str, url: str, *, body: bytes = b"", **headers: str) -> ProbeResponse:
    """Send one request on a connection of its own.

    ``Access_Control_…`` becomes ``Access-Control-…``. Raises: OSError, HTTPException.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    # Names below localhost are the local machine (RFC 6761, 6.3), which not every resolver knows.
    own = (parts.hostname or "").endswith(".localhost") and not secure
    connection = kind("127.0.0.1" if own else parts.hostname or "", parts.port, timeout=TIMEOUT)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, target, body or None, {"Host": parts.netloc, **sent})
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return ProbeResponse(response.status, fields, response.read(MAX_BODY_BYTES))
    finally:
        connection.close()


def explain_failure(exc: Exception) -> tuple[str, str]:
    """Return the reason of a failed request, and the remedy."""
    if isinstance(exc, socket.gaierror):
        return "its name cannot be looked up", "Set its DNS record, or correct the setting."
    if isinstance(exc, ssl.SSLError):
        reason = getattr(exc, "verify_message", "") or exc.reason
        return f"its certificate is invalid: {reason}", "Give the proxy a valid certificate for it."
    if isinstance(exc, TimeoutError):
        return "it does not answer in time", "Check the firewall and whether the proxy is running."
    return f"it cannot be reached: {exc}", "Start the proxy and the store, or correct the setting."


def _run_checks(probe: ProbeObject) -> Iterator[Finding]:
    put = send_request("PUT", probe.signed("put_object"), body=probe.data)
    yield _check_clock(put)
    yield _check_response("put", put, put.status == 200)
    if put.status != 200:
        return
    read = send_request("GET", probe.signed("get_object"))
    yield _check_response("get", read, read.status == 200 and read.body == probe.data)
    yield from _check_privacy(probe)
    yield from _check_origins(probe)
    deleted = send_request("DELETE", probe.signed("delete_object"))
    yield _check_response("delete", deleted, deleted.status in (200, 204))


def _check_response(verb: str, response: ProbeResponse, is_well: bool) -> Finding:
    check, what = f"public {verb}", f"{verb.upper()} through {settings.S3_PUBLIC_ENDPOINT_URL}"
    if is_well:
        return passed(check, f"{what} works.")
    if response.status < 300:
        remedy = "Let the proxy forward bodies unchanged: no compression, no rewriting."
        return failed(check, f"{what}: the content that is read is not what was sent.", remedy)
    return refused_by_store(check, what, response.code, response.status)


def _check_clock(response: ProbeResponse) -> Finding:
    """Compare the local clock with that of the response, which is the store's or the proxy's."""
    try:
        remote = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return warned("clock", "the response has no Date header.")
    off = abs((datetime.now(UTC) - remote.astimezone(UTC)).total_seconds())
    message = f"the clocks differ by {off:.0f} seconds"
    if off < CLOCK_SKEW_WARNING:
        return passed("clock", f"{message}.")
    remedy = "Set the clocks of both machines by NTP."
    if off < CLOCK_SKEW_LIMIT:
        return warned("clock", f"{message}: presigned URLs expire too early or too late.", remedy)
    return failed("clock", f"{message}: the store refuses such signatures.", remedy)


def _check_privacy(probe: ProbeObject) -> Iterator[Finding]:
    """Check that requests without a signature are refused."""
    bucket = f"{settings.S3_PUBLIC_ENDPOINT_URL}/{settings.S3_BUCKET}?list-type=2"
    for what, url in (("read an object", probe.bare), ("list the bucket", bucket)):
        response = send_request("GET", url)
        if response.status == 200:
            remedy = "Disable anonymous access: in the bucket policy and the store's settings."
            yield failed("privacy", f"a request without a signature can {what}.", remedy)
        else:
            yield passed("privacy", f"a request without a signature cannot {what}.")


def _check_origins(probe: ProbeObject) -> Iterator[Finding]:
    """Check that pages of tenants, which may have domains of their own, can send files."""
    yield _check_origin(probe, UNLISTED_ORIGIN)


def _check_origin(probe: ProbeObject, origin: str) -> Finding:
    if not _allows_origin(_preflight(probe, origin), origin):
        remedy = (
            "Run manage.py setup_storage, and let the proxy forward OPTIONS to the store. MinIO "
            "reads its origins from MINIO_API_CORS_ALLOW_ORIGIN, which is * by default."
        )
        return failed("cors", "browsers at tenants' domains are not allowed.", remedy)
    put = send_request("PUT", probe.signed("put_object"), body=probe.data, Origin=origin)
    if "etag" not in put.headers.get("access-control-expose-headers", "").lower():
        remedy = "Run manage.py setup_storage: parts of an upload are completed by their ETag."
        return failed("cors", "browsers cannot read the ETag.", remedy)
    return passed("cors", "browsers at tenants' domains may upload and read the ETag.")


def _preflight(probe: ProbeObject, origin: str) -> ProbeResponse:
    return send_request("OPTIONS", probe.bare, Origin=origin, Access_Control_Request_Method="PUT")


def _allows_origin(response: ProbeResponse, origin: str) -> bool:
    methods = response.headers.get("access-control-allow-methods", "")
    allowed = response.headers.get("access-control-allow-origin", "")
    return response.status < 300 and allowed in (origin, "*") and "PUT" in methods
