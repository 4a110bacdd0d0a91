"""Doing as clients do, from outside: through the proxy, by addresses that are signed for it.

What is written lies below a prefix of its own, which is no tenant's, and is gone afterwards.
"""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from django.conf import settings

from core.problems import StorageUnavailable
from files.doctor.asking import Heard, ask, unheard
from files.storage.client import signing_client
from files.storage.deletion import delete_keys
from files.storage_doctor.report import PREFIX, Finding, noted, refused, well, wrong

STRANGER = "https://storage-doctor.invalid"
# Amazon S3, "RequestTimeTooSkewed": 15 minutes. A minute is what a set clock is well within.
WORRYING, REFUSED = 60, 15 * 60


@dataclass
class Probe:
    """An object that is put, got and deleted."""

    key: str = field(default_factory=lambda: f"{PREFIX}/{secrets.token_hex(16)}")
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


def look_outside() -> Iterator[Finding]:
    """Tell whether clients can put and get, from which origins, and who else can."""
    probe = Probe()
    try:
        yield from _examined(probe)
    except (OSError, HTTPException) as exc:
        why, mend = unheard(exc)
        yield wrong("public endpoint", f"{settings.S3_PUBLIC_ENDPOINT_URL}: {why}.", mend)
    finally:
        with suppress(StorageUnavailable):
            delete_keys([probe.key])


def _examined(probe: Probe) -> Iterator[Finding]:
    put = ask("PUT", probe.signed("put_object"), body=probe.data)
    yield _clock(put)
    yield _answered("put", put, put.status == 200)
    if put.status != 200:
        return
    got = ask("GET", probe.signed("get_object"))
    yield _answered("get", got, got.status == 200 and got.body == probe.data)
    yield from _closed(probe)
    yield from _origins(probe)
    gone = ask("DELETE", probe.signed("delete_object"))
    yield _answered("delete", gone, gone.status in (200, 204))


def _answered(verb: str, heard: Heard, is_well: bool) -> Finding:
    check, what = f"public {verb}", f"{verb.upper()} through {settings.S3_PUBLIC_ENDPOINT_URL}"
    if is_well:
        return well(check, f"{what} works.")
    if heard.status < 300:
        mend = "Let the proxy hand bodies on as they are: no compression, no rewriting."
        return wrong(check, f"{what}: what comes back is not what was sent.", mend)
    return refused(check, what, heard.code, heard.status)


def _clock(heard: Heard) -> Finding:
    """Compare our clock with the one that answers, which is the store's or the proxy's."""
    try:
        theirs = parsedate_to_datetime(heard.headers.get("date", ""))
    except ValueError:
        return noted("clock", "the answer says no time.")
    off = abs((datetime.now(UTC) - theirs.astimezone(UTC)).total_seconds())
    said = f"ours and theirs are {off:.0f} seconds apart"
    if off < WORRYING:
        return well("clock", f"{said}.")
    mend = "Set the clocks of both machines by NTP."
    if off < REFUSED:
        return noted("clock", f"{said}: addresses end so much too early or late.", mend)
    return wrong("clock", f"{said}: the store refuses signatures that far off.", mend)


def _closed(probe: Probe) -> Iterator[Finding]:
    """Tell whether somebody without a signature gets anything."""
    bucket = f"{settings.S3_PUBLIC_ENDPOINT_URL}/{settings.S3_BUCKET}?list-type=2"
    for what, url in (("read an object", probe.bare), ("list the bucket", bucket)):
        heard = ask("GET", url)
        if heard.status == 200:
            mend = "Take anonymous access off the bucket: its policy, and the store's settings."
            yield wrong("privacy", f"anybody can {what} without a signature.", mend)
        else:
            yield well("privacy", f"nobody can {what} without a signature.")


def _origins(probe: Probe) -> Iterator[Finding]:
    if not settings.CORS_ALLOWED_ORIGINS:
        yield noted("cors", "no origins are configured: browsers elsewhere cannot upload.")
    for origin in settings.CORS_ALLOWED_ORIGINS:
        yield _origin(probe, origin)
    if _lets(_preflight(probe, STRANGER), STRANGER):
        mend = (
            "Run manage.py setup_storage; MinIO takes its origins from MINIO_API_CORS_ALLOW_ORIGIN."
        )
        yield noted("cors", "every origin is let in.", mend)


def _origin(probe: Probe, origin: str) -> Finding:
    if not _lets(_preflight(probe, origin), origin):
        mend = "Run manage.py setup_storage, and let the proxy hand OPTIONS on to the store."
        return wrong("cors", f"browsers at {origin} are not let in.", mend)
    put = ask("PUT", probe.signed("put_object"), body=probe.data, Origin=origin)
    if "etag" not in put.headers.get("access-control-expose-headers", "").lower():
        mend = "Run manage.py setup_storage: parts of an upload are completed by their ETag."
        return wrong("cors", f"browsers at {origin} are not shown the ETag.", mend)
    return well("cors", f"browsers at {origin} may upload and see the ETag.")


def _preflight(probe: Probe, origin: str) -> Heard:
    return ask("OPTIONS", probe.bare, Origin=origin, Access_Control_Request_Method="PUT")


def _lets(heard: Heard, origin: str) -> bool:
    methods = heard.headers.get("access-control-allow-methods", "")
    allowed = heard.headers.get("access-control-allow-origin", "")
    return heard.status < 300 and allowed in (origin, "*") and "PUT" in methods
