"""Results of the storage checks, with a remedy for each fault."""

from collections.abc import Mapping
from dataclasses import dataclass

OK, NOTE, WRONG = "ok", "note", "wrong"
PROBE_PREFIX = "storage-doctor"  # no tenant's object prefix begins so

# Error codes of the store (Amazon S3, "Error responses"): the reason and the remedy.
REMEDIES: Mapping[str, tuple[str, str]] = {
    "SignatureDoesNotMatch": (
        "the store computes another signature than the backend",
        (
            "Check S3_SECRET_ACCESS_KEY and S3_REGION; if the own endpoint works, let the "
            "proxy forward host name and path unchanged."
        ),
    ),
    "InvalidAccessKeyId": (
        "the store does not know the access key",
        "Check S3_ACCESS_KEY_ID, or give the store that key.",
    ),
    "AccessDenied": (
        "the access key is not allowed to do this",
        "Check the key's policy: scripts/minio-setup.sh names what it needs.",
    ),
    "NoSuchBucket": (
        "the store has no such bucket",
        "Run manage.py setup_storage, or correct S3_BUCKET.",
    ),
    "RequestTimeTooSkewed": (
        "the clocks of backend and store differ",
        "Set the clocks of both machines by NTP.",
    ),
}
NOT_THE_STORE = (
    "the server that answers is not the store",
    "Let the proxy forward this host name to the store, or correct S3_PUBLIC_ENDPOINT_URL.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, with a remedy if it did not pass."""

    check: str
    state: str
    message: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the result for JSON, whose names are public."""
        return {
            "check": self.check,
            "state": self.state,
            "said": self.message,
            "mend": self.remedy,
        }


def passed(check: str, message: str) -> Finding:
    """Return the result of a check that passed."""
    return Finding(check, OK, message)


def warned(check: str, message: str, remedy: str = "") -> Finding:
    """Return the result of a check that could be better, although nothing fails."""
    return Finding(check, NOTE, message, remedy)


def failed(check: str, message: str, remedy: str) -> Finding:
    """Return the result of a check that failed."""
    return Finding(check, WRONG, message, remedy)


def refused_by_store(check: str, what: str, code: str, status: int) -> Finding:
    """Return a failure with the reason for the store's error code."""
    why, remedy = REMEDIES.get(code, (f"the store answers {code}", "")) if code else NOT_THE_STORE
    return failed(check, f"{what}: {why} (HTTP {status}).", remedy or "Read the store's log.")
