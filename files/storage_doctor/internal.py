"""Looking at the bucket from where the backend stands: S3_ENDPOINT_URL."""

from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from files.storage.client import client, error_code, status_of
from files.storage.setup import ENABLED, encryption_of, versioning_of
from files.storage_doctor.report import MENDS, Finding, noted, refused, well, wrong

OWN = "own endpoint"
TURN_ON = "Run manage.py setup_storage"


def look_inside() -> Iterator[Finding]:
    """Tell whether the bucket answers us, and how it keeps what it is given."""
    found = _bucket()
    yield found
    if not found.mend:
        yield _asked("versioning", _versioning)
        yield _asked("encryption", _encryption)


def _bucket() -> Finding:
    what = f"bucket {settings.S3_BUCKET} at {settings.S3_ENDPOINT_URL}"
    try:
        client().head_bucket(Bucket=settings.S3_BUCKET)
    except ClientError as exc:
        return _of_head(what, exc)
    except BotoCoreError as exc:
        return wrong(OWN, f"{what}: {exc}", "Start the store, or correct S3_ENDPOINT_URL.")
    return well(OWN, f"{what} answers.")


def _of_head(what: str, exc: ClientError) -> Finding:
    """An answer to HEAD has no body, so only its status says why."""
    status = status_of(exc)
    if status == 403:
        mend = f"Check S3_SECRET_ACCESS_KEY. {MENDS['InvalidAccessKeyId'][1]}"
        return wrong(OWN, f"{what}: it refuses our key (HTTP 403).", mend)
    return refused(OWN, what, "NoSuchBucket" if status == 404 else error_code(exc), status)


def _asked(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ClientError as exc:
        status = status_of(exc)
        return refused(check, "it could not be asked for", error_code(exc), status)
    except BotoCoreError as exc:
        return wrong(check, f"it could not be asked for: {exc}", "Try again.")


def _versioning() -> Finding:
    state = versioning_of(settings.S3_BUCKET)
    if state == ENABLED:
        said = "on: the store keeps what others overwrite or delete by mistake."
        return well("versioning", said)
    said = f"{state.lower() or 'off'}: what is deleted in the store by mistake is gone."
    return noted("versioning", said, f"{TURN_ON}, or keep backups (docs/operations.md).")


def _encryption() -> Finding:
    if kinds := encryption_of(settings.S3_BUCKET):
        return well("encryption", f"on: {', '.join(kinds)}.")
    said = "off: whoever gets at the store's disks can read what is on them."
    return noted("encryption", said, f"{TURN_ON} if the store can, or encrypt its disks.")
