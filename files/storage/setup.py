"""Setup of the bucket: creation, CORS rules, versioning and encryption."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from files.storage.client import client, error_code, http_status

Report = Callable[[str], None]
# Error codes of stores without bucket CORS; MinIO reads its origins from its own configuration.
UNSUPPORTED_CODES = frozenset({"NotImplemented", "MethodNotAllowed", "XNotImplemented"})
NO_ENCRYPTION = UNSUPPORTED_CODES | {"ServerSideEncryptionConfigurationNotFoundError"}
ENABLED = "Enabled"
# Pages of tenants send files to the store, also at custom domains, which come and go. The store
# takes no cookie: a request needs a signature, which the page of another site does not have.
CORS_RULE = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD", "PUT", "POST"],
    "AllowedHeaders": ["*"],
    # A browser needs the ETag of each part to complete a multipart upload.
    "ExposeHeaders": ["ETag", "Content-Disposition", "Content-Range"],
    "MaxAgeSeconds": 3600,
}


def set_up_bucket(report: Report) -> None:
    """Create the bucket and apply the CORS, versioning and encryption settings to it.

    What the store does not support is reported. Versioning and encryption are only switched on,
    never off: with the setting off, the bucket is left as it is. Can be repeated. Raises:
    BotoCoreError, ClientError.
    """
    name = settings.S3_BUCKET
    report(f"bucket {name}: {'created' if _create_bucket(name) else 'is there'}")
    report(_set_cors(name))
    report(f"versioning: {_enable_versioning(name)}")
    report(f"encryption: {_enable_encryption(name)}")


def versioning_status(name: str) -> str:
    """Return ``Enabled``, ``Suspended``, or "" for a bucket that never had versioning."""
    try:
        return str(client().get_bucket_versioning(Bucket=name).get("Status", ""))
    except ClientError as exc:
        if error_code(exc) not in UNSUPPORTED_CODES:
            raise
        return ""


def default_encryption(name: str) -> list[str]:
    """Return the algorithms of the bucket's default encryption, such as ``AES256``."""
    try:
        response = client().get_bucket_encryption(Bucket=name)
    except ClientError as exc:
        if error_code(exc) not in NO_ENCRYPTION:
            raise
        return []
    rules = response["ServerSideEncryptionConfiguration"]["Rules"]
    return sorted({rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules})


def _create_bucket(name: str) -> bool:
    try:
        client().head_bucket(Bucket=name)
    except ClientError as exc:
        if http_status(exc) != HTTPStatus.NOT_FOUND:
            raise
    else:
        return False
    client().create_bucket(Bucket=name, **_location())
    return True


def _location() -> dict[str, Any]:
    # Amazon's us-east-1 must not be named here (API reference, "CreateBucket").
    if settings.S3_REGION == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": settings.S3_REGION}}


def _set_cors(name: str) -> str:
    try:
        client().put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [CORS_RULE]})
    except ClientError as exc:
        if error_code(exc) not in UNSUPPORTED_CODES:
            raise
        return "cors: this store takes its origins from its own configuration"
    return "cors: browsers at every origin may upload and download with presigned URLs"


def _enable_versioning(name: str) -> str:
    if versioning_status(name) == ENABLED:
        return "is on"
    if not settings.S3_BUCKET_VERSIONING:
        return "left as it is (S3_BUCKET_VERSIONING)"
    configuration = {"Status": ENABLED}
    try:
        client().put_bucket_versioning(Bucket=name, VersioningConfiguration=configuration)
    except ClientError as exc:
        if error_code(exc) not in UNSUPPORTED_CODES:
            raise
    return "switched on" if versioning_status(name) == ENABLED else "this store has none"


def _enable_encryption(name: str) -> str:
    if kinds := default_encryption(name):
        return f"is on ({', '.join(kinds)})"
    if not settings.S3_BUCKET_ENCRYPTION:
        return "left as it is (S3_BUCKET_ENCRYPTION)"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    configuration = {"Rules": [rule]}
    try:
        client().put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=configuration)
    except ClientError as exc:
        if error_code(exc) not in UNSUPPORTED_CODES:
            raise
    return "switched on (AES256)" if default_encryption(name) else "this store has none"
