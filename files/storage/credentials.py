"""Keys of a tenant's own, which the store gives for its prefix alone and for some hours.

By AWS STS, "AssumeRole" with a session policy: what may be done with them is what both the role and
the policy allow.
"""

import json
import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import botocore.session
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

EXPIRY_MARGIN = timedelta(seconds=60)  # for clocks that differ, and for a request on its way


OBJECT_ACTIONS = (
    *("GetObject", "PutObject", "DeleteObject", "GetObjectVersion", "DeleteObjectVersion"),
    *("AbortMultipartUpload", "ListMultipartUploadParts"),
)


STS = "sts"


METHOD = "aggios"


log = logging.getLogger(__name__)


def session_policy(object_prefix: str) -> str:
    """Return the session policy of a tenant: its objects, and listings of its prefix alone.

    The names of unfinished uploads are not confined: neither Amazon nor MinIO tells a policy the
    prefix of that listing (AWS service authorization reference, S3). They are ids, and nothing can
    be done with them but to one's own.
    """
    bucket, below = f"arn:{_partition()}:s3:::{settings.S3_BUCKET}", f"{object_prefix}/*"
    statements: list[dict[str, Any]] = [
        {"Action": [f"s3:{name}" for name in OBJECT_ACTIONS], "Resource": f"{bucket}/{below}"},
        {
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": below}},
        },
        {"Action": ["s3:ListBucketMultipartUploads"], "Resource": bucket},
    ]
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed}, separators=(",", ":"))


def _partition() -> str:
    """Return Amazon's word for the part of its world that the role is in; others say ``aws``."""
    named = settings.S3_STS_ROLE_ARN.removeprefix("arn:").partition(":")[0]
    return named if named.startswith("aws-") else "aws"


@dataclass(frozen=True, slots=True)
class TenantCredentials:
    """A tenant's keys and when they end."""

    keys: ReadOnlyCredentials = field(repr=False)
    until: datetime

    def outlasts(self, moment: datetime) -> bool:
        """Whether the keys are good until then and a little longer."""
        return self.until > moment + EXPIRY_MARGIN


class TenantCredentialsCache:
    """The tenants' keys, by prefix; each is got when it is first needed and before it ends."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._kept: dict[str, TenantCredentials] = {}

    def keys_of(self, object_prefix: str) -> ReadOnlyCredentials:
        """Return keys that outlast every address that is signed with them now.

        Raises StorageUnavailable.
        """
        with self._lock_of(object_prefix):
            found = self._kept.get(object_prefix)
            if found is None or not found.outlasts(datetime.now(UTC) + max_url_lifetime()):
                found = _assume_role(object_prefix)
                self._keep(object_prefix, found)
            return found.keys

    def _lock_of(self, object_prefix: str) -> threading.Lock:
        """Return the lock of one tenant: nobody waits for the keys of another."""
        with self._lock:
            return self._locks.setdefault(object_prefix, threading.Lock())

    def _keep(self, object_prefix: str, session: TenantCredentials) -> None:
        now = datetime.now(UTC)
        with self._lock:
            self._kept[object_prefix] = session
            for ended in [name for name, kept in self._kept.items() if kept.until < now]:
                del self._kept[ended]
                self._locks.pop(ended, None)


tenant_credentials = TenantCredentialsCache()


def max_url_lifetime() -> timedelta:
    """Return for how long an address that is signed now may be used."""
    return timedelta(seconds=max(settings.UPLOAD_URL_SECONDS, settings.DOWNLOAD_URL_SECONDS))


def _assume_role(object_prefix: str) -> TenantCredentials:
    try:
        answer = _sts_client().assume_role(
            RoleArn=settings.S3_STS_ROLE_ARN,
            RoleSessionName=object_prefix.replace("/", "-")[-64:],  # names the tenant in its log
            DurationSeconds=settings.S3_STS_SECONDS,
            Policy=session_policy(object_prefix),
        )["Credentials"]
    except (BotoCoreError, ClientError) as exc:
        raise StorageUnavailable from exc
    keys = (answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], None)
    return TenantCredentials(ReadOnlyCredentials(*keys), answer["Expiration"])


@cache
def _sts_client() -> Any:
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


# What requests to the object store are signed with.
#
# With ``S3_TENANT_CREDENTIALS=sts`` everything that is asked for or signed inside a tenant bears
# keys of that tenant. Should a bug ever compute another tenant's key, the store itself refuses it.
# Outside of a tenant, where the bucket is set up, looked after and purged, requests bear our own
# keys.


class RequestCredentials(Credentials):  # type: ignore[misc]
    """The keys for a request, chosen when it is signed: of the current tenant, or our own."""

    def __init__(self) -> None:
        """Take our own from the settings."""
        super().__init__(settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY, method=METHOD)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return what to sign with. Raises StorageUnavailable when the store gives none."""
        tenant = current_tenant_or_none()
        if tenant is None or settings.S3_TENANT_CREDENTIALS != STS:
            own: ReadOnlyCredentials = super().get_frozen_credentials()
            return own
        try:
            return tenant_credentials.keys_of(tenant.object_prefix)
        except StorageUnavailable as exc:
            log.error("storage_credentials_unavailable", extra={"reason": str(exc.__cause__)})
            raise


class _Provider(CredentialProvider):  # type: ignore[misc]
    METHOD = METHOD

    def load(self) -> RequestCredentials:
        return RequestCredentials()


def create_session() -> boto3.Session:
    """Return a session whose clients choose their keys at each request."""
    core = botocore.session.Session()
    core.register_component("credential_provider", CredentialResolver([_Provider()]))
    return boto3.Session(botocore_session=core)
