"""S3 clients of the object store, for its internal and its public endpoint.

The backend sends requests to ``S3_ENDPOINT_URL``. URLs for clients are presigned for
``S3_PUBLIC_ENDPOINT_URL``, because the host name is part of the signature (AWS Signature Version
4). The credentials are chosen for each request (files/storage/credentials.py).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.problems import StorageUnavailable
from files.storage.credentials import create_session

CHECKSUM_HEADER = "x-amz-checksum-sha256"
STORAGE_ERRORS = (BotoCoreError, ClientError)

log = logging.getLogger(__name__)


@contextmanager
def translate_storage_errors() -> Iterator[None]:
    """Translate errors of the S3 client in the block.

    Raises: StorageUnavailable (if the store refuses a request or does not answer).
    """
    try:
        yield
    except STORAGE_ERRORS as exc:
        log.error("storage_unavailable", extra={"reason": str(exc)})
        raise StorageUnavailable from exc


def error_code(exc: ClientError) -> str:
    """Return the error code of the store, such as ``NoSuchUpload``."""
    return str(exc.response["Error"]["Code"])


def http_status(exc: ClientError) -> int:
    """Return the HTTP status of the store's response."""
    return int(exc.response["ResponseMetadata"]["HTTPStatusCode"])


@cache
def client() -> Any:
    """Return the thread-safe client for the backend's own requests."""
    return _create_client(settings.S3_ENDPOINT_URL, attempts=3, connect=2, read=30)


@cache
def signing_client() -> Any:
    """Return the client that presigns URLs for the public endpoint; it sends no requests."""
    # boto3 would otherwise sign a checksum of an empty body into each URL.
    signer = _create_client(
        settings.S3_PUBLIC_ENDPOINT_URL, attempts=1, connect=1, read=1, checksums="when_required"
    )
    signer.meta.events.register("before-sign.s3.PutObject", _move_checksum_to_query)
    return signer


def client_with_credentials(keys: ReadOnlyCredentials) -> Any:
    """Return a new client that always signs with these credentials, whatever the tenant is."""
    return _create_client(settings.S3_ENDPOINT_URL, attempts=1, connect=2, read=10, keys=keys)


def ping() -> None:
    """Send a request to the bucket. Raises: BotoCoreError, ClientError (if it does not answer)."""
    _health_client().head_bucket(Bucket=settings.S3_BUCKET)


def _move_checksum_to_query(request: Any, **_: Any) -> None:
    """Sign the checksum as a query parameter, so that the client need not send it as a header."""
    if checksum := request.headers.get(CHECKSUM_HEADER):
        del request.headers[CHECKSUM_HEADER]
        request.params[CHECKSUM_HEADER] = checksum


@cache
def _health_client() -> Any:
    return _create_client(settings.S3_ENDPOINT_URL, attempts=1, connect=1, read=2)


def _create_client(
    endpoint: str,
    *,
    attempts: int,
    connect: float,
    read: float,
    checksums: str = "when_supported",
    keys: ReadOnlyCredentials | None = None,
) -> Any:
    return create_session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=settings.S3_REGION,
        aws_access_key_id=keys and keys.access_key,
        aws_secret_access_key=keys and keys.secret_key,
        aws_session_token=keys and keys.token,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=connect,
            read_timeout=read,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=50,
            request_checksum_calculation=checksums,
        ),
    )
