"""What a workspace decides for itself about people, their sessions and their links to files.

Stored as a part of ``Tenant.settings``, which tenants itself does not read; it comes with the
tenant of the request, so asking costs nothing. A name that is not stored has its default.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from accounts.models import User
from tenants.context import current_tenant
from tenants.refs import SettingValue, frozen_settings

ROLES = tuple(User.Role.values)


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """One workspace's rules. Times are in seconds; 0 is no limit."""

    session_idle_seconds: int = 0
    """A session that was not used for so long ends as ``idle``."""
    session_absolute_seconds: int = 0
    """A session ends so long after the log-in, however much it is used."""
    sessions_per_user: int = 50
    """One more ends the one that was used least recently."""
    second_factor_roles: tuple[str, ...] = ()
    """People of these roles do nothing else before they have a second factor."""
    email_verification: str = "off"
    """``required``: nobody does anything else before their address is verified."""
    invitation_seconds: int = 7 * 86400
    """How long an invitation is good."""
    sharing: str = "on"
    """``off``: no file is opened by a link, and no link is made."""


SETTING_NAMES = tuple(field.name for field in fields(TenantPolicy))


def current_policy() -> TenantPolicy:
    """Return the rules of the tenant that the code runs in."""
    return _cached_policy(current_tenant().settings)


def policy_from_settings(stored: dict[str, Any]) -> TenantPolicy:
    """Return the rules as a tenant's row has them."""
    return _cached_policy(frozen_settings(stored))


@lru_cache(maxsize=1024)
def _cached_policy(settings: tuple[tuple[str, SettingValue], ...]) -> TenantPolicy:
    return TenantPolicy(**{name: value for name, value in settings if name in SETTING_NAMES})  # type: ignore[arg-type]
