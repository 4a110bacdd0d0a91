"""Looking whether the store confines a tenant's keys, with those of a prefix that no tenant has."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.problems import StorageUnavailable
from files.objects.credentials import STS
from files.storage.bucket import key_prefix
from files.storage.client import client_with_credentials, error_code, http_status
from files.storage.credentials import tenant_credentials
from files.storage_doctor.report import (
    PROBE_PREFIX,
    Finding,
    failed,
    passed,
    refused_by_store,
    warned,
)

TENANT_KEYS_CHECK = "tenant keys"
STS_REMEDY = "Check S3_STS_ENDPOINT_URL and S3_STS_ROLE_ARN, and who may assume that role."
POLICY_IGNORED_REMEDY = (
    "Take a store that honours session policies, or set S3_TENANT_CREDENTIALS=off and do not rely "
    "on them."
)


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
