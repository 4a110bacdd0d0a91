"""Checks through the internal endpoint: the bucket, its settings, and the tenants' credentials."""

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
    "Use a store that supports session policies, or set S3_TENANT_CREDENTIALS=off and do not rely "
    "on them."
)


def check_internal_endpoint() -> Iterator[Finding]:
    """Check that the bucket answers, and its versioning and encryption."""
    finding = _check_bucket()
    yield finding
    if not finding.remedy:
        yield _run_check("versioning", _check_versioning)
        yield _run_check("encryption", _check_encryption)


def check_tenant_keys() -> Iterator[Finding]:
    """Check that temporary credentials reach their own prefix and nothing else.

    The credentials are for a prefix that no tenant has.
    """
    if settings.S3_TENANT_CREDENTIALS != STS:
        yield warned(TENANT_KEYS_CHECK, "off: only the backend separates tenants in the store.")
        return
    try:
        restricted = client_with_credentials(tenant_credentials.get(PROBE_PREFIX))
    except StorageUnavailable as exc:
        yield failed(TENANT_KEYS_CHECK, f"the store issues none: {exc.__cause__}.", STS_REMEDY)
        return
    try:
        yield _check_own_prefix(restricted)
        yield _check_whole_bucket(restricted)
    except BotoCoreError as exc:
        yield failed(TENANT_KEYS_CHECK, f"the check failed: {exc}", "Try again.")


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
    """Explain a refused HEAD request by its status, because its response has no body."""
    status = http_status(exc)
    if status == 403:
        remedy = f"Check S3_SECRET_ACCESS_KEY. {REMEDIES['InvalidAccessKeyId'][1]}"
        return failed(ENDPOINT_CHECK, f"{what}: it refuses the access key (HTTP 403).", remedy)
    return refused_by_store(
        ENDPOINT_CHECK, what, "NoSuchBucket" if status == 404 else error_code(exc), status
    )


def _run_check(check: str, check_setting: Callable[[], Finding]) -> Finding:
    try:
        return check_setting()
    except ClientError as exc:
        status = http_status(exc)
        return refused_by_store(check, "the request failed", error_code(exc), status)
    except BotoCoreError as exc:
        return failed(check, f"the request failed: {exc}", "Try again.")


def _check_versioning() -> Finding:
    state = versioning_status(settings.S3_BUCKET)
    if state == ENABLED:
        message = "on: the store keeps objects that are overwritten or deleted by mistake."
        return passed("versioning", message)
    message = f"{state.lower() or 'off'}: an object that is deleted by mistake is lost."
    return warned("versioning", message, f"{TURN_ON}, or keep backups (docs/operations.md).")


def _check_encryption() -> Finding:
    if kinds := default_encryption(settings.S3_BUCKET):
        return passed("encryption", f"on: {', '.join(kinds)}.")
    message = "off: the content can be read on the store's disks."
    return warned("encryption", message, f"{TURN_ON} if supported, or encrypt its disks.")


def _check_own_prefix(restricted: Any) -> Finding:
    try:
        _list(restricted, key_prefix(PROBE_PREFIX))
    except ClientError as exc:
        return refused_by_store(
            TENANT_KEYS_CHECK, "their own prefix", error_code(exc), http_status(exc)
        )
    return passed(TENANT_KEYS_CHECK, "they reach their own prefix.")


def _check_whole_bucket(restricted: Any) -> Finding:
    try:
        _list(restricted, "")
    except ClientError as exc:
        if http_status(exc) == HTTPStatus.FORBIDDEN:
            return passed(TENANT_KEYS_CHECK, "they reach nothing else.")
        return refused_by_store(
            TENANT_KEYS_CHECK, "the whole bucket", error_code(exc), http_status(exc)
        )
    return failed(
        TENANT_KEYS_CHECK,
        "they reach the whole bucket: the store ignores the policy.",
        POLICY_IGNORED_REMEDY,
    )


def _list(restricted: Any, prefix: str) -> None:
    restricted.list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=prefix, MaxKeys=1)
