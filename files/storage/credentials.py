"""Credentials that sign requests to the object store.

With ``S3_TENANT_CREDENTIALS=sts`` every request that is sent or presigned inside a tenant uses
credentials of that tenant. They are temporary and restricted to the tenant's prefix, so a bug that
computes another tenant's key is stopped by the store. Outside of a tenant (setup, health, purge)
the platform's own credentials are used.

The temporary credentials come from AWS STS, "AssumeRole" with a session policy: they allow what
both the role and the policy allow.
"""

import json
import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.problems import StorageUnavailable
from tenants.context import current_tenant_or_none

if TYPE_CHECKING:
    import boto3

EXPIRY_MARGIN = timedelta(seconds=60)  # for clock differences and requests in flight
METHOD = "aggios"
OBJECT_ACTIONS = (
    *("GetObject", "PutObject", "DeleteObject", "GetObjectVersion", "DeleteObjectVersion"),
    *("AbortMultipartUpload", "ListMultipartUploadParts"),
)
STS = "sts"

log = logging.getLogger(__name__)


class RequestCredentials(Credentials):  # type: ignore[misc]
    """Credentials chosen when a request is signed: the current tenant's, or the platform's."""

    def __init__(self) -> None:
        """Read the platform's credentials from the settings."""
        super().__init__(settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY, method=METHOD)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials to sign with. Raises: StorageUnavailable (if STS fails)."""
        tenant = current_tenant_or_none()
        if tenant is None or settings.S3_TENANT_CREDENTIALS != STS:
            own: ReadOnlyCredentials = super().get_frozen_credentials()
            return own
        try:
            return tenant_credentials.get(tenant.object_prefix)
        except StorageUnavailable as exc:
            log.error("storage_credentials_unavailable", extra={"reason": str(exc.__cause__)})
            raise


@dataclass(frozen=True, slots=True)
class TenantCredentials:
    """Temporary credentials of a tenant and their expiry."""

    keys: ReadOnlyCredentials = field(repr=False)
    expires_at: datetime

    def is_valid_until(self, moment: datetime) -> bool:
        """Whether the credentials are valid until ``moment``, with a margin."""
        return self.expires_at > moment + EXPIRY_MARGIN


class TenantCredentialsCache:
    """Temporary credentials by object prefix, requested on first use and before they expire."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._cached: dict[str, TenantCredentials] = {}

    def get(self, object_prefix: str) -> ReadOnlyCredentials:
        """Return credentials that are valid longer than every URL presigned now.

        Raises: StorageUnavailable.
        """
        with self._lock_of(object_prefix):
            cached = self._cached.get(object_prefix)
            if cached is None or not cached.is_valid_until(datetime.now(UTC) + max_url_lifetime()):
                cached = _assume_role(object_prefix)
                self._store(object_prefix, cached)
            return cached.keys

    def _lock_of(self, object_prefix: str) -> threading.Lock:
        """Return the lock of one tenant, so that tenants do not wait for each other."""
        with self._lock:
            return self._locks.setdefault(object_prefix, threading.Lock())

    def _store(self, object_prefix: str, credentials: TenantCredentials) -> None:
        now = datetime.now(UTC)
        with self._lock:
            self._cached[object_prefix] = credentials
            for expired in [key for key, value in self._cached.items() if value.expires_at < now]:
                del self._cached[expired]
                self._locks.pop(expired, None)


tenant_credentials = TenantCredentialsCache()


def create_session() -> "boto3.Session":
    """Return a boto3 session whose clients choose their credentials for each request."""
    # Slow to import, and few commands use the store.
    import boto3  # noqa: PLC0415
    import botocore.session  # noqa: PLC0415

    core = botocore.session.Session()
    core.register_component("credential_provider", CredentialResolver([_Provider()]))
    return boto3.Session(botocore_session=core)


def session_policy(object_prefix: str) -> str:
    """Return the session policy of a tenant: its objects, and listings of its prefix only.

    The listing of unfinished uploads is not restricted, because neither Amazon nor MinIO gives a
    policy the prefix of that request (AWS service authorization reference, S3). It shows object
    names, which are random ids; the policy allows no operation on other tenants' uploads.
    """
    bucket, own_keys = f"arn:{_partition()}:s3:::{settings.S3_BUCKET}", f"{object_prefix}/*"
    statements: list[dict[str, Any]] = [
        {"Action": [f"s3:{name}" for name in OBJECT_ACTIONS], "Resource": f"{bucket}/{own_keys}"},
        {
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": own_keys}},
        },
        {"Action": ["s3:ListBucketMultipartUploads"], "Resource": bucket},
    ]
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed}, separators=(",", ":"))


def max_url_lifetime() -> timedelta:
    """Return the longest lifetime of a URL that is presigned now."""
    return timedelta(seconds=max(settings.UPLOAD_URL_SECONDS, settings.DOWNLOAD_URL_SECONDS))


class _Provider(CredentialProvider):  # type: ignore[misc]
    METHOD = METHOD

    def load(self) -> RequestCredentials:
        return RequestCredentials()


def _partition() -> str:
    """Return the AWS partition of the role, such as ``aws-cn``; other stores use ``aws``."""
    partition = settings.S3_STS_ROLE_ARN.removeprefix("arn:").partition(":")[0]
    return partition if partition.startswith("aws-") else "aws"


def _assume_role(object_prefix: str) -> TenantCredentials:
    try:
        response = _sts_client().assume_role(
            RoleArn=settings.S3_STS_ROLE_ARN,
            RoleSessionName=object_prefix.replace("/", "-")[
                -64:
            ],  # the tenant, in the log of the store
            DurationSeconds=settings.S3_STS_SECONDS,
            Policy=session_policy(object_prefix),
        )["Credentials"]
    except (BotoCoreError, ClientError) as exc:
        raise StorageUnavailable from exc
    keys = (response["AccessKeyId"], response["SecretAccessKey"], response["SessionToken"], None)
    return TenantCredentials(ReadOnlyCredentials(*keys), response["Expiration"])


@cache
def _sts_client() -> Any:
    import boto3  # noqa: PLC0415

    return boto3.client(
        "sts",
        endpoint_url=settings.S3_STS_ENDPOINT_URL,
        region_name=settings.S3_REGION,
        aws_access_key_id=settings.S3_ACCESS_KEY_ID,
        aws_secret_access_key=settings.S3_SECRET_ACCESS_KEY,
        config=Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"total_max_attempts": 3, "mode": "standard"},
        ),
    )
