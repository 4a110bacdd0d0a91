"""Logo and colour of a tenant in its archive. They are no rows of its schema, but settings.

A restore keeps the present ones, as it keeps all settings. A new tenant gets those of the archive.
A clone gets the colour only, so that people can tell it from the original.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from accounts.own_tenant.settings import clean_accent_color
from accounts.users.preferences import PREFERENCE_FIELDS
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import ValidationFailed
from operations.archives.file_format import ObjectReference
from operations.archives.manifest import TenantInfo
from tenants.branding import COLOR_SETTING, LOGO_SETTING, Logo, logo_from_settings
from tenants.models import Tenant


def manifest_settings(tenant: Tenant) -> dict[str, Any]:
    """Return the members of the manifest for default language, time zone, colour and logo."""
    logo = logo_from_settings(tenant.settings)
    texts = (*PREFERENCE_FIELDS, COLOR_SETTING)
    found = {name: str(tenant.settings.get(name, "")) for name in texts}
    return {**found, LOGO_SETTING: logo.setting if logo else []}


def logo_objects(logo: Logo | None) -> Iterator[ObjectReference]:
    """Yield the object of a logo, if there is one."""
    if logo is not None:
        yield ObjectReference(logo.object_name, logo.size, logo.sha256)


def archived_branding(info: TenantInfo, missing: Collection[str]) -> dict[str, Any]:
    """Return the settings for a new tenant, without those that are not valid.

    ``missing`` are the names of objects that the archive does not have.
    """
    found: dict[str, Any] = known_color(info.accent_color)
    logo = logo_from_settings({LOGO_SETTING: info.logo})
    if logo and logo.object_name not in missing:
        found[LOGO_SETTING] = logo.setting
    return found


def known_color(text: object) -> dict[str, Any]:
    """Return the setting for a colour; nothing for an empty or an invalid one."""
    with suppress(ValidationFailed):
        if color := clean_accent_color(str(text or "")):
            return {COLOR_SETTING: color}
    return {}


def current_logo_names(tenant: Tenant) -> set[str]:
    """Return the name of the object of the tenant's present logo, if it has one."""
    with use_scope(PUBLIC):
        settings = Tenant.objects.values_list("settings", flat=True).get(pk=tenant.pk)
    logo = logo_from_settings(settings)
    return {logo.object_name} if logo else set()
