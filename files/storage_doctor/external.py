"""Doing as clients do, from outside: through the proxy, by addresses that are signed for it.

What is written lies below a prefix of its own, which is no tenant's, and is gone afterwards.
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


# Amazon S3, "RequestTimeTooSkewed": 15 minutes. A minute is what a set clock is well within.
CLOCK_SKEW_WARNING, CLOCK_SKEW_LIMIT = 60, 15 * 60


TIMEOUT = 10.0


MAX_BODY_BYTES = 64 * 1024


ERROR_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")


@dataclass
class ProbeObject:
    """An object that is put, got and deleted."""

    key: str = field(default_factory=lambda: f"{PROBE_PREFIX}/{secrets.token_hex(16)}")
    data: bytes = field(default_factory=lambda: secrets.token_bytes(1024))

    def signed(self, operation: str) -> str:
        """Return an address that is signed for the public endpoint."""
        where = {"Bucket": settings.S3_BUCKET, "Key": self.key}
        url: str = signing_client().generate_presigned_url(operation, Params=where, ExpiresIn=60)
        return url

    @property
    def bare(self) -> str:
        """The address without a signature."""
        return f"{settings.S3_PUBLIC_ENDPOINT_URL}/{settings.S3_BUCKET}/{self.key}"


def check_public_endpoint() -> Iterator[Finding]:
    """Tell whether clients can put and get, from which origins, and who else can."""
    probe = ProbeObject()
    try:
        yield from _run_checks(probe)
    except (OSError, HTTPException) as exc:
        why, mend = explain_failure(exc)
        yield failed("public endpoint", f"{settings.S3_PUBLIC_ENDPOINT_URL}: {why}.", mend)
    finally:
        with suppress(StorageUnavailable):
            delete_keys([probe.key])


def _run_checks(probe: ProbeObject) -> Iterator[Finding]:
    put = send_request("PUT", probe.signed("put_object"), body=probe.data)
    yield _check_clock(put)
    yield _check_response("put", put, put.status == 200)
    if put.status != 200:
        return
    got = send_request("GET", probe.signed("get_object"))
    yield _check_response("get", got, got.status == 200 and got.body == probe.data)
    yield from _check_privacy(probe)
    yield from _check_origins(probe)
    gone = send_request("DELETE", probe.signed("delete_object"))
    yield _check_response("delete", gone, gone.status in (200, 204))


# Asking an address as a client does: over the network and through whatever stands before it.


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """An answer, its header fields in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The store's own word for what is wrong; empty when it was not the store that answered."""
        found = ERROR_CODE.search(self.body)
        return found[1].decode() if found else ""


def _check_response(verb: str, heard: ProbeResponse, is_well: bool) -> Finding:
    check, what = f"public {verb}", f"{verb.upper()} through {settings.S3_PUBLIC_ENDPOINT_URL}"
    if is_well:
        return passed(check, f"{what} works.")
    if heard.status < 300:
        mend = "Let the proxy hand bodies on as they are: no compression, no rewriting."
        return failed(check, f"{what}: what comes back is not what was sent.", mend)
    return refused_by_store(check, what, heard.code, heard.status)


def _check_clock(heard: ProbeResponse) -> Finding:
    """Compare our clock with the one that answers, which is the store's or the proxy's."""
    try:
        theirs = parsedate_to_datetime(heard.headers.get("date", ""))
    except ValueError:
        return warned("clock", "the answer says no time.")
    off = abs((datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds())
    said = f"ours and theirs are {off:.0f} seconds apart"
    if off < CLOCK_SKEW_WARNING:
        return passed("clock", f"{said}.")
    mend = "Set the clocks of both machines by NTP."
    if off < CLOCK_SKEW_LIMIT:
        return warned("clock", f"{said}: addresses end so much too early or late.", mend)
    return failed("clock", f"{said}: the store refuses signatures that far off.", mend)


def _check_privacy(probe: ProbeObject) -> Iterator[Finding]:
    """Tell whether somebody without a signature gets anything."""
    bucket = f"{settings.S3_PUBLIC_ENDPOINT_URL}/{settings.S3_BUCKET}?list-type=2"
    for what, url in (("read an object", probe.bare), ("list the bucket", bucket)):
        heard = send_request("GET", url)
        if heard.status == 200:
            mend = "Take anonymous access off the bucket: its policy, and the store's settings."
            yield failed("privacy", f"anybody can {what} without a signature.", mend)
        else:
            yield passed("privacy", f"nobody can {what} without a signature.")


def _check_origins(probe: ProbeObject) -> Iterator[Finding]:
    if not settings.CORS_ALLOWED_ORIGINS:
        yield warned("cors", "no origins are configured: browsers elsewhere cannot upload.")
    for origin in settings.CORS_ALLOWED_ORIGINS:
        yield _check_origin(probe, origin)
    if _allows_origin(_preflight(probe, UNLISTED_ORIGIN), UNLISTED_ORIGIN):
        mend = (
            "Run manage.py setup_storage; MinIO takes its origins from MINIO_API_CORS_ALLOW_ORIGIN."
        )
        yield warned("cors", "every origin is let in.", mend)


def _check_origin(probe: ProbeObject, origin: str) -> Finding:
    if not _allows_origin(_preflight(probe, origin), origin):
        mend = "Run manage.py setup_storage, and let the proxy hand OPTIONS on to the store."
        return failed("cors", f"browsers at {origin} are not let in.", mend)
    put = send_request("PUT", probe.signed("put_object"), body=probe.data, Origin=origin)
    if "etag" not in put.headers.get("access-control-expose-headers", "").lower():
        mend = "Run manage.py setup_storage: parts of an upload are completed by their ETag."
        return failed("cors", f"browsers at {origin} are not shown the ETag.", mend)
    return passed("cors", f"browsers at {origin} may upload and see the ETag.")


def _preflight(probe: ProbeObject, origin: str) -> ProbeResponse:
    return send_request("OPTIONS", probe.bare, Origin=origin, Access_Control_Request_Method="PUT")


def _allows_origin(heard: ProbeResponse, origin: str) -> bool:
    methods = heard.headers.get("access-control-allow-methods", "")
    allowed = heard.headers.get("access-control-allow-origin", "")
    return heard.status < 300 and allowed in (origin, "*") and "PUT" in methods


def send_request(method: str, url: str, *, body: bytes = b"", **headers: str) -> ProbeResponse:
    """Send one request on a connection of its own.

    ``Access_Control_…`` becomes ``Access-Control-…``. Raises OSError, HTTPException.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    # Names below localhost are the machine itself (RFC 6761, 6.3); not every resolver knows.
    own = (parts.hostname or "").endswith(".localhost") and not secure
    connection = kind("127.0.0.1" if own else parts.hostname or "", parts.port, timeout=TIMEOUT)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, target, body or None, {"Host": parts.netloc, **sent})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return ProbeResponse(answer.status, fields, answer.read(MAX_BODY_BYTES))
    finally:
        connection.close()


def explain_failure(exc: Exception) -> tuple[str, str]:
    """Return why nobody was heard, and how to mend it."""
    if isinstance(exc, socket.gaierror):
        return "its name cannot be looked up", "Set its DNS record, or correct the setting."
    if isinstance(exc, ssl.SSLError):
        reason = getattr(exc, "verify_message", "") or exc.reason
        return f"its certificate is no good: {reason}", "Give the proxy a valid certificate for it."
    if isinstance(exc, TimeoutError):
        return "it does not answer in time", "Look for a firewall, and whether the proxy is up."
    return f"it cannot be reached: {exc}", "Start the proxy and the store, or correct the setting."
