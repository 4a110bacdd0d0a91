"""Looking at the bucket from where the backend stands: S3_ENDPOINT_URL."""

from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from files.storage.client import client, error_code, http_status
from files.storage.setup import ENABLED, default_encryption, versioning_status
from files.storage_doctor.report import REMEDIES, Finding, failed, passed, refused_by_store, warned

ENDPOINT_CHECK = "own endpoint"
TURN_ON = "Run manage.py setup_storage"


def check_internal_endpoint() -> Iterator[Finding]:
    """Tell whether the bucket answers us, and how it keeps what it is given."""
    found = _check_bucket()
    yield found
    if not found.mend:
        yield _run_check("versioning", _check_versioning)
        yield _run_check("encryption", _check_encryption)


def _check_bucket() -> Finding:
    what = f"bucket {settings.S3_BUCKET} at {settings.S3_ENDPOINT_URL}"
    try:
        client().head_bucket(Bucket=settings.S3_BUCKET)
    except ClientError as exc:
        return _explain_head(what, exc)
    except BotoCoreError as exc:
        return failed(
            ENDPOINT_CHECK, f"{what}: {exc}", "Start the store, or correct S3_ENDPOINT_URL."
        )
    return passed(ENDPOINT_CHECK, f"{what} answers.")


def _explain_head(what: str, exc: ClientError) -> Finding:
    """An answer to HEAD has no body, so only its status says why."""
    status = http_status(exc)
    if status == 403:
        mend = f"Check S3_SECRET_ACCESS_KEY. {REMEDIES['InvalidAccessKeyId'][1]}"
        return failed(ENDPOINT_CHECK, f"{what}: it refuses our key (HTTP 403).", mend)
    return refused_by_store(
        ENDPOINT_CHECK, what, "NoSuchBucket" if status == 404 else error_code(exc), status
    )


def _run_check(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ClientError as exc:
        status = http_status(exc)
        return refused_by_store(check, "it could not be asked for", error_code(exc), status)
    except BotoCoreError as exc:
        return failed(check, f"it could not be asked for: {exc}", "Try again.")


def _check_versioning() -> Finding:
    state = versioning_status(settings.S3_BUCKET)
    if state == ENABLED:
        said = "on: the store keeps what others overwrite or delete by mistake."
        return passed("versioning", said)
    said = f"{state.lower() or 'off'}: what is deleted in the store by mistake is gone."
    return warned("versioning", said, f"{TURN_ON}, or keep backups (docs/operations.md).")


def _check_encryption() -> Finding:
    if kinds := default_encryption(settings.S3_BUCKET):
        return passed("encryption", f"on: {', '.join(kinds)}.")
    said = "off: whoever gets at the store's disks can read what is on them."
    return warned("encryption", said, f"{TURN_ON} if the store can, or encrypt its disks.")
