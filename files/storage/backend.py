"""Storage backend of a tenant: the only module that computes the prefix of object keys."""

from typing import Any

import boto3
from django.conf import settings
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from files.storage.client import signing_client
from files.storage.credentials import create_session
from files.storage.deletion import delete_keys
from tenants.context import current_tenant


class TenantStorage(S3Storage):  # type: ignore[misc]
    """django-storages' S3 storage, with keys below the current tenant's prefix.

    The stock class reads ``location`` once, at construction, and Django shares one instance between
    all threads. Here it is computed at each call. Raises: NoTenant (at every call outside of a
    tenant).
    """

    # The stock class calls check_location() at construction, outside of any tenant.
    _constructed = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**_s3_options(), **options})
        self._constructed = True

    @property
    def location(self) -> str:
        """The current tenant's prefix."""
        return current_tenant().object_prefix if self._constructed else ""

    @location.setter
    def location(self, value: str) -> None:
        if value:
            raise ValueError("The location is the current tenant's prefix and cannot be set.")

    def key_of(self, name: str) -> str:
        """Return the full key of an object of the current tenant.

        Raises: NoTenant (outside of a tenant), SuspiciousOperation (for a name outside of the
        prefix).
        """
        key: str = self._normalize_name(clean_name(name))
        return key

    def _create_session(self) -> boto3.Session:
        return create_session()

    def delete(self, name: str) -> None:
        """Delete an object with all its versions. Raises: StorageUnavailable."""
        delete_keys([self.key_of(name)])

    def url(
        self,
        name: str | None,
        parameters: dict[str, str] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """Return a presigned, short-lived URL for the public endpoint."""
        location = {"Bucket": self.bucket_name, "Key": self.key_of(name or "")}
        url: str = signing_client().generate_presigned_url(
            "get_object",
            Params={**location, **(parameters or {})},
            ExpiresIn=self.querystring_expire if expire is None else expire,
            HttpMethod=http_method,
        )
        return url


def _s3_options() -> dict[str, Any]:
    return {
        "bucket_name": settings.S3_BUCKET,
        "endpoint_url": settings.S3_ENDPOINT_URL,
        "region_name": settings.S3_REGION,
        "addressing_style": "path",
        "signature_version": "s3v4",
        "file_overwrite": False,
        "querystring_expire": settings.DOWNLOAD_URL_SECONDS,
    }
