"""Looking at the bucket from where the backend stands: S3_ENDPOINT_URL."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.problems import StorageUnavailable
from files.storage.bucket import key_prefix
from files.storage.client import client, client_with_credentials, error_code, http_status
from files.storage.credentials import STS, tenant_credentials
from files.storage.setup import ENABLED, default_encryption, versioning_status
from files.storage_doctor.report import (
    PROBE_PREFIX,
    REMEDIES,
    Finding,
    failed,
    passed,
    refused_by_store,
    warned,
)

ENDPOINT_CHECK = "own endpoint"


TURN_ON = "Run manage.py setup_storage"


TENANT_KEYS_CHECK = "tenant keys"


STS_REMEDY = "Check S3_STS_ENDPOINT_URL and S3_STS_ROLE_ARN, and who may assume that role."


POLICY_IGNORED_REMEDY = (
    "Take a store that honours session policies, or set S3_TENANT_CREDENTIALS=off and do not rely "
    "on them."
)


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


# Looking whether the store confines a tenant's keys, with those of a prefix that no tenant has.


def check_tenant_keys() -> Iterator[Finding]:
    """Tell whether keys of one prefix reach that prefix, and nothing else."""
    if settings.S3_TENANT_CREDENTIALS != STS:
        yield warned(
            TENANT_KEYS_CHECK, "off: what keeps tenants apart in the store is our code alone."
        )
        return
    try:
        confined = client_with_credentials(tenant_credentials.keys_of(PROBE_PREFIX))
    except StorageUnavailable as exc:
        yield failed(TENANT_KEYS_CHECK, f"the store gives none: {exc.__cause__}.", STS_REMEDY)
        return
    try:
        yield _check_own_prefix(confined)
        yield _check_whole_bucket(confined)
    except BotoCoreError as exc:
        yield failed(TENANT_KEYS_CHECK, f"they could not be tried: {exc}", "Try again.")


def _check_own_prefix(confined: Any) -> Finding:
    try:
        _list(confined, key_prefix(PROBE_PREFIX))
    except ClientError as exc:
        return refused_by_store(
            TENANT_KEYS_CHECK, "their own prefix", error_code(exc), http_status(exc)
        )
    return passed(TENANT_KEYS_CHECK, "they reach their own prefix.")


def _check_whole_bucket(confined: Any) -> Finding:
    try:
        _list(confined, "")
    except ClientError as exc:
        if http_status(exc) == HTTPStatus.FORBIDDEN:
            return passed(TENANT_KEYS_CHECK, "they reach nothing else.")
        return refused_by_store(
            TENANT_KEYS_CHECK, "the whole bucket", error_code(exc), http_status(exc)
        )
    return failed(
        TENANT_KEYS_CHECK,
        "they reach the whole bucket: the store takes no notice of the policy.",
        POLICY_IGNORED_REMEDY,
    )


def _list(confined: Any, prefix: str) -> None:
    confined.list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=prefix, MaxKeys=1)
