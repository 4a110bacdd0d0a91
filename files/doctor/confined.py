"""Looking whether the store confines a tenant's keys, with those of a prefix that no tenant has."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.problems import StorageUnavailable
from files.objects.credentials import STS
from files.storage.bucket import folder_of
from files.storage.client import client_with, error_code, status_of
from files.storage.credentials import sessions
from files.storage_doctor.report import PREFIX, Finding, noted, refused, well, wrong

CHECK = "tenant keys"
MEND = "Check S3_STS_ENDPOINT_URL and S3_STS_ROLE_ARN, and who may assume that role."
IGNORED = (
    "Take a store that honours session policies, or set S3_TENANT_CREDENTIALS=off and do not rely "
    "on them."
)


def look_confined() -> Iterator[Finding]:
    """Tell whether keys of one prefix reach that prefix, and nothing else."""
    if settings.S3_TENANT_CREDENTIALS != STS:
        yield noted(CHECK, "off: what keeps tenants apart in the store is our code alone.")
        return
    try:
        confined = client_with(sessions.keys_of(PREFIX))
    except StorageUnavailable as exc:
        yield wrong(CHECK, f"the store gives none: {exc.__cause__}.", MEND)
        return
    try:
        yield _inside(confined)
        yield _outside(confined)
    except BotoCoreError as exc:
        yield wrong(CHECK, f"they could not be tried: {exc}", "Try again.")


def _inside(confined: Any) -> Finding:
    try:
        _list(confined, folder_of(PREFIX))
    except ClientError as exc:
        return refused(CHECK, "their own prefix", error_code(exc), status_of(exc))
    return well(CHECK, "they reach their own prefix.")


def _outside(confined: Any) -> Finding:
    try:
        _list(confined, "")
    except ClientError as exc:
        if status_of(exc) == HTTPStatus.FORBIDDEN:
            return well(CHECK, "they reach nothing else.")
        return refused(CHECK, "the whole bucket", error_code(exc), status_of(exc))
    return wrong(
        CHECK, "they reach the whole bucket: the store takes no notice of the policy.", IGNORED
    )


def _list(confined: Any, prefix: str) -> None:
    confined.list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=prefix, MaxKeys=1)
