"""The logo of the current tenant: an object below its prefix, named by the tenant's settings.

It does not count against the quota: a tenant has one, of at most one megabyte. A process that is
killed between the object and the settings leaves an object that ``reconcile_storage`` deletes.
"""

import hashlib
import logging

from django.db import transaction
from uuid6 import uuid7

from accounts.models import User
from accounts.own_tenant.services import actor_by_id, get_own_tenant
from accounts.users.permissions import lock_authorized_actor
from accounts.users.queries import user_actor
from audit.services import record
from core.images.cleaning import clean_image
from core.images.image import Image, InvalidImageError
from core.problems import FieldError, NotFound, Problem, StorageUnavailable, ValidationFailed
from core.text.translation import translatable
from files.storage.bucket import object_location
from files.storage.client import client, translate_storage_errors
from files.storage.configured import tenant_storage
from files.storage.deletion import delete_keys
from files.storage.reading import read_object
from files.storage.writer import OBJECT_HEADERS
from tenants.branding import (
    LOGO_SETTING,
    MAX_LOGO_BYTES,
    MAX_LOGO_PIXELS,
    Logo,
    logo_from_settings,
    logo_of,
)
from tenants.context import current_tenant, tenant_target
from tenants.models import Tenant
from tenants.services import update_settings

log = logging.getLogger(__name__)


def set_logo(data: bytes, *, actor: User) -> Logo:
    """Store a picture as the tenant's logo; the former one is deleted.

    Raises: ValidationFailed (``logo``), StorageUnavailable, PermissionRefused.
    """
    image = check_logo(data)
    digest = hashlib.sha256(image.data).hexdigest()
    logo = Logo(str(uuid7()), image.content_type, digest, len(image.data))
    key = tenant_storage().key_of(logo.object_name)
    with translate_storage_errors():
        client().put_object(**object_location(key), Body=image.data, **OBJECT_HEADERS)
    try:
        _change_setting(logo, actor)
    except Problem:  # after another error the commit may have succeeded
        _delete(logo)
        raise
    return logo


def remove_logo(*, actor: User) -> None:
    """Remove the tenant's logo. Repeating it changes nothing. Raises: PermissionRefused."""
    _change_setting(None, actor)


def check_logo(data: bytes) -> Image:
    """Return the picture without metadata. Raises: ValidationFailed (``logo``)."""
    if len(data) > MAX_LOGO_BYTES:
        rule = translatable("Use a picture of at most %(count)s bytes.", count=MAX_LOGO_BYTES)
        raise _invalid("too_large", rule)
    try:
        image = clean_image(data)
    except InvalidImageError as exc:
        raise _invalid("invalid_image", "Use a complete PNG, JPEG or WebP picture.") from exc
    if not (0 < image.width <= MAX_LOGO_PIXELS and 0 < image.height <= MAX_LOGO_PIXELS):
        rule = translatable(
            "Use a picture of at most %(most)s by %(most)s pixels.", most=MAX_LOGO_PIXELS
        )
        raise _invalid("too_large", rule)
    return image


def read_logo() -> tuple[Logo, bytes]:
    """Return the tenant's logo and its bytes. Raises: NotFound, StorageUnavailable."""
    logo = logo_of(current_tenant())
    chunks = read_object(tenant_storage().key_of(logo.object_name)) if logo else None
    if logo is None or chunks is None:
        raise NotFound
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > MAX_LOGO_BYTES:  # an archive from elsewhere can hold anything
            raise NotFound
    return logo, bytes(content)


def stored_logo() -> Logo | None:
    """Return the tenant's logo as its row has it now."""
    return logo_from_settings(get_own_tenant().settings)


def _change_setting(logo: Logo | None, actor: User) -> None:
    former: list[Logo | None] = []

    def remember(tenant: Tenant) -> None:
        former.append(logo_from_settings(tenant.settings))

    with transaction.atomic():
        actor = lock_authorized_actor("tenant:write", actor)
        changes = update_settings(
            current_tenant().id,
            details={},
            settings={LOGO_SETTING: logo.setting if logo else None},
            actor=actor_by_id(actor),
            check=remember,
        )
        if changes:
            target = tenant_target(get_own_tenant())
            record("tenant.updated", actor=user_actor(actor), target=target, changes=changes)
    if changes and former[0]:
        _delete(former[0])


def _delete(logo: Logo) -> None:
    """Delete an object that no setting names. If that fails, reconcile_storage repeats it."""
    try:
        delete_keys([tenant_storage().key_of(logo.object_name)])
    except StorageUnavailable:
        log.warning("logo_not_deleted", extra={"object": logo.object_name})


def _invalid(code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(errors=[FieldError("logo", code, detail)])
