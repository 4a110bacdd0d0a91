"""What was found, and how to mend it."""

from collections.abc import Mapping
from dataclasses import dataclass

OK, NOTE, WRONG = "ok", "note", "wrong"
PROBE_PREFIX = "storage-doctor"  # below it lies what is tried out; no tenant's begins so

# The store's words (Amazon S3, "Error responses"), and what to do about them.
REMEDIES: Mapping[str, tuple[str, str]] = {
    "SignatureDoesNotMatch": (
        "it comes to another signature than we do",
        (
            "Check S3_SECRET_ACCESS_KEY and S3_REGION; if our own endpoint is well, let the proxy "
            "hand host name and path on as they come."
        ),
    ),
    "InvalidAccessKeyId": (
        "it does not know our key",
        "Check S3_ACCESS_KEY_ID, or give the store that key.",
    ),
    "AccessDenied": (
        "it does not let our key do this",
        "Check the key's policy: scripts/minio-setup.sh names what it needs.",
    ),
    "NoSuchBucket": (
        "it has no such bucket",
        "Run manage.py setup_storage, or correct S3_BUCKET.",
    ),
    "RequestTimeTooSkewed": (
        "our clock and its clock disagree",
        "Set the clocks of both machines by NTP.",
    ),
}
NOT_THE_STORE = (
    "somebody answers who is not the store",
    "Let the proxy hand this host name on to the store, or correct S3_PUBLIC_ENDPOINT_URL.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``mend`` says what to do when it is ``failed``."""

    check: str
    state: str
    said: str
    mend: str = ""


def passed(check: str, said: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check, OK, said)


def warned(check: str, said: str, mend: str = "") -> Finding:
    """Return that something could be better and nothing fails of it."""
    return Finding(check, NOTE, said, mend)


def failed(check: str, said: str, mend: str) -> Finding:
    """Return that something does not work."""
    return Finding(check, WRONG, said, mend)


def refused_by_store(check: str, what: str, code: str, status: int) -> Finding:
    """Return that the store refused something, by its own word."""
    why, mend = REMEDIES.get(code, (f"it says {code}", "")) if code else NOT_THE_STORE
    return failed(check, f"{what}: {why} (HTTP {status}).", mend or "Read the store's log.")
