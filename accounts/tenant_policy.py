"""A tenant's own rules for its users, their sessions and their share links.

They are stored in ``Tenant.settings``, which the tenants app does not interpret. They come with the
tenant of the request, so reading them needs no query. A setting that is not stored has its default.
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
    """One tenant's rules. Times are in seconds; 0 means no limit."""

    session_idle_seconds: int = 0
    """A session that is unused for this long ends as ``idle``."""
    session_absolute_seconds: int = 0
    """A session ends this long after the log-in, even if it is in use."""
    sessions_per_user: int = 50
    """One more session ends the least recently used one."""
    second_factor_roles: tuple[str, ...] = ()
    """Users of these roles must add a second factor before anything else."""
    email_verification: str = "off"
    """``required``: users must verify their address before anything else."""
    invitation_seconds: int = 7 * 86400
    """How long an invitation is valid."""
    sharing: str = "on"
    """``off``: share links open nothing and cannot be created."""


SETTING_NAMES = tuple(field.name for field in fields(TenantPolicy))


def current_policy() -> TenantPolicy:
    """Return the rules of the current tenant."""
    return _cached_policy(current_tenant().settings)


def policy_from_settings(stored: dict[str, Any]) -> TenantPolicy:
    """Return the rules of a tenant from its stored settings."""
    return _cached_policy(frozen_settings(stored))


@lru_cache(maxsize=1024)
def _cached_policy(settings: tuple[tuple[str, SettingValue], ...]) -> TenantPolicy:
    return TenantPolicy(**{name: value for name, value in settings if name in SETTING_NAMES})  # type: ignore[arg-type]
