"""Preparing the store: the bucket, and who may talk to it from a browser."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from files.store import client, error_code, status_of

Report = Callable[[str], None]
# What stores without bucket CORS answer; MinIO takes its origins from its own configuration.
NOT_SERVED = frozenset({"NotImplemented", "MethodNotAllowed", "XNotImplemented"})


def set_up_bucket(report: Report) -> None:
    """Make the bucket and its CORS rules what the settings say. Can be repeated.

    Raises botocore's errors as they come.
    """
    name = settings.S3_BUCKET
    report(f"bucket {name}: {'created' if _create(name) else 'is there'}")
    report(_set_cors(name, settings.CORS_ALLOWED_ORIGINS))


def _create(name: str) -> bool:
    try:
        client().head_bucket(Bucket=name)
    except ClientError as exc:
        if status_of(exc) != HTTPStatus.NOT_FOUND:
            raise
    else:
        return False
    client().create_bucket(Bucket=name, **_location())
    return True


def _location() -> dict[str, Any]:
    # Amazon's first region has no name here and refuses its own (CreateBucket, API reference).
    if settings.S3_REGION == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": settings.S3_REGION}}


def _set_cors(name: str, origins: list[str]) -> str:
    try:
        if origins:
            client().put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [_rule(origins)]})
            return f"cors: browsers at {', '.join(origins)} may upload and download"
        client().delete_bucket_cors(Bucket=name)
    except ClientError as exc:
        if error_code(exc) not in NOT_SERVED:
            raise
        return "cors: this store takes its origins from its own configuration"
    return "cors: no browser origins (CORS_ALLOWED_ORIGINS is empty)"


def _rule(origins: list[str]) -> dict[str, Any]:
    return {
        "AllowedOrigins": origins,
        "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
        "AllowedHeaders": ["*"],
        # A browser needs the ETag of each part to complete a multipart upload.
        "ExposeHeaders": ["ETag", "Content-Disposition", "Content-Range"],
        "MaxAgeSeconds": 3600,
    }
