"""What requests to the object store are signed with.

With ``S3_TENANT_CREDENTIALS=sts`` everything that is asked for or signed inside a tenant bears keys
of that tenant. Should a bug ever compute another tenant's key, the store itself refuses it. Outside
of a tenant, where the bucket is set up, looked after and purged, requests bear our own keys.
"""

import logging

import boto3
import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
)
from django.conf import settings

from core.problems import StorageUnavailable
from files.storage.credentials import tenant_credentials
from tenants.context import current_tenant_or_none

STS = "sts"
METHOD = "aggios"

log = logging.getLogger(__name__)


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
            log.error("storage_gives_no_keys", extra={"reason": str(exc.__cause__)})
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
