"""Logo and colour of a tenant, from its stored settings.

The object of a logo has a random name: a logo that is replaced by an equal one is another object,
so deleting the former one cannot delete the new one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.context import TenantRef

LOGO_SETTING, COLOR_SETTING = "logo", "accent_color"
LOGO_PREFIX = "logo/"
LOGO_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
MAX_LOGO_BYTES, MAX_LOGO_PIXELS = 1_000_000, 2000
VERSION_LENGTH = 16
ID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Logo:
    """A stored logo: the id in its object's name, its type, its size and its digest."""

    id: str
    content_type: str
    sha256: str
    size: int

    @property
    def object_name(self) -> str:
        """The name of the object below the tenant's prefix."""
        return f"{LOGO_PREFIX}{self.id}"

    @property
    def path(self) -> str:
        """The path of the logo on the tenant's hosts. It changes with the content."""
        return f"/logo?v={self.sha256[:VERSION_LENGTH]}"

    @property
    def setting(self) -> list[str]:
        """The value that is stored in the tenant's settings."""
        return [self.id, self.content_type, self.sha256, str(self.size)]


def logo_from_settings(stored: Mapping[str, Any]) -> Logo | None:
    """Return the logo of stored settings; None without one, or for a value that is none."""
    value = stored.get(LOGO_SETTING)
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    id_, content_type, sha256, size = (str(part) for part in value)
    is_known = content_type in LOGO_TYPES and size.isascii() and size.isdecimal()
    if not is_known or not (ID_PATTERN.fullmatch(id_) and SHA256_PATTERN.fullmatch(sha256)):
        return None
    return Logo(id_, content_type, sha256, int(size))


def logo_of(tenant: TenantRef) -> Logo | None:
    """Return the logo of a tenant."""
    return logo_from_settings(dict(tenant.settings))
