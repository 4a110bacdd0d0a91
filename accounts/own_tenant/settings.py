"""Rules for the settings that a tenant may change, and for who may change them.

An idle limit below five minutes would end sessions while users read; an absolute limit below an
hour, while they work. OWASP ASVS 5.0, 7.3, asks for both limits and leaves the figures to the risk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import (
    MANAGER_ROLES,
    OWNER_ROLES,
    ROLES,
    policy_from_settings,
    require_recent_authentication,
)
from accounts.users.permissions import effective_role
from accounts.users.preferences import clean_language, clean_time_zone
from core.colors import is_color
from core.problems import FieldError, PermissionRefused, ValidationFailed
from core.text.translation import translatable
from tenants.models import Tenant

HOUR, DAY = 3600, 86400
EMAIL_VERIFICATION_CHOICES = ("off", "required")
SHARING_CHOICES = ("on", "off")
COLOR_RULE = "Give a colour as # and six digits (0-9, a-f), or leave it empty."
SettingError = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class SettingRule:
    """A setting. ``find_error`` returns code and message of an invalid value, otherwise None.

    ``roles`` may change the setting.
    ``weakens`` tells whether a change protects users or files less. Such a change needs a recent
    authentication.
    """

    find_error: Callable[[Any], SettingError]
    weakens: Callable[[Any, Any], bool]
    roles: frozenset[str] = MANAGER_ROLES


def _integer_between(
    least: int, most: int, *, or_zero: bool = False
) -> Callable[[Any], SettingError]:
    message = (
        translatable("Give 0 or a whole number from %(least)s to %(most)s.", least=least, most=most)
        if or_zero
        else translatable("Give a whole number from %(least)s to %(most)s.", least=least, most=most)
    )

    def find_error(value: Any) -> SettingError:
        valid = type(value) is int and (least <= value <= most or (or_zero and value == 0))
        return None if valid else ("out_of_range", message)

    return find_error


def _role_list(value: Any) -> SettingError:
    valid = isinstance(value, list) and all(role in ROLES for role in value)
    message = translatable("List some of %(choices)s, or none.", choices=", ".join(ROLES))
    return None if valid else ("invalid_choice", message)


def _one_of(*values: str) -> Callable[[Any], SettingError]:
    message = translatable("Use one of %(choices)s.", choices=", ".join(values))
    return lambda value: None if value in values else ("invalid_choice", message)


def _accepted_by(clean: Callable[[str], str]) -> Callable[[Any], SettingError]:
    def find_error(value: Any) -> SettingError:
        try:
            clean(value if isinstance(value, str) else "-")
        except ValidationFailed as exc:
            return exc.errors[0].code, exc.errors[0].detail
        return None

    return find_error


def _is_longer(before: int, after: int) -> bool:
    """Compare two durations, where 0 means no limit."""
    return before != 0 and (after == 0 or after > before)


def _is_more(before: int, after: int) -> bool:
    return after > before


def _fewer_roles(before: list[str], after: list[str]) -> bool:
    return not set(before) <= set(after)


def _never(before: Any, after: Any) -> bool:
    return False


def _changes_to(weak: str) -> Callable[[str, str], bool]:
    return lambda before, after: after == weak != before


def clean_accent_color(text: str) -> str:
    """Return a colour in lower case, or an empty text. Raises: ValidationFailed.

    Text on it is white or black, and one of the two is readable on every colour (core/colors.py).
    """
    color = text.lower()
    if color and not is_color(color):
        raise ValidationFailed(errors=[FieldError("accent_color", "invalid_color", COLOR_RULE)])
    return color


# Only an owner changes what owners must do to log in.
SETTING_RULES = {
    "session_idle_seconds": SettingRule(_integer_between(300, 365 * DAY, or_zero=True), _is_longer),
    "session_absolute_seconds": SettingRule(
        _integer_between(HOUR, 365 * DAY, or_zero=True), _is_longer
    ),
    "sessions_per_user": SettingRule(_integer_between(1, 1000), _is_more),
    "second_factor_roles": SettingRule(_role_list, _fewer_roles, OWNER_ROLES),
    "email_verification": SettingRule(
        _one_of(*EMAIL_VERIFICATION_CHOICES), _changes_to("off"), OWNER_ROLES
    ),
    "invitation_seconds": SettingRule(_integer_between(HOUR, 30 * DAY), _is_longer),
    "sharing": SettingRule(_one_of(*SHARING_CHOICES), _changes_to("on")),
    "language": SettingRule(_accepted_by(clean_language), _never),
    "time_zone": SettingRule(_accepted_by(clean_time_zone), _never),
    "accent_color": SettingRule(_accepted_by(clean_accent_color), _never),
}
# The columns of a tenant that its users change, by the same rule.
WEAKENING_DETAILS = {
    "name": _never,
    "registration": _changes_to(Tenant.Registration.OPEN.value),
}


def validate_settings(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return settings in the form that is stored. Raises: ValidationFailed for ``settings.…``."""
    errors = []
    for name, value in wanted.items():
        error = (
            SETTING_RULES[name].find_error(value)
            if name in SETTING_RULES
            else ("unknown", "There is no such one.")
        )
        if error:
            errors.append(FieldError(f"settings.{name}", *error))
    if errors:
        raise ValidationFailed(errors=errors)
    return {name: _canonical(name, value) for name, value in wanted.items()}


def _canonical(name: str, value: Any) -> Any:
    """Sort roles, lower-case language and colour, so that another spelling is no change."""
    if name in ("language", "accent_color"):
        return value.lower()
    return [role for role in ROLES if role in value] if isinstance(value, list) else value


def require_settings_permission(
    user: User, settings: dict[str, Any], stored: dict[str, Any]
) -> None:
    """Check that the user may change the settings that would change.

    An unchanged value needs no permission.

    Raises: PermissionRefused.
    """
    for name, current, value in _compare_settings(settings, stored):
        if current != value and effective_role(user) not in SETTING_RULES[name].roles:
            raise PermissionRefused(translatable("Only an owner may change %(name)s.", name=name))


def require_authentication_to_weaken(
    tenant: Tenant, *, details: dict[str, Any], settings: dict[str, Any]
) -> None:
    """Check for a recent authentication if a change weakens log-in or registration.

    Raises: ProofRequired.
    """
    pairs = _compare_settings(settings, tenant.settings)
    weaker = [name for name, current, value in pairs if SETTING_RULES[name].weakens(current, value)]
    weaker += [n for n, value in details.items() if WEAKENING_DETAILS[n](getattr(tenant, n), value)]
    if weaker:
        require_recent_authentication()


def _compare_settings(
    settings: dict[str, Any], stored: dict[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, current value and new value of each setting."""
    policy = policy_from_settings(stored)
    for name, value in settings.items():
        current = getattr(policy, name)
        yield name, list(current) if isinstance(current, tuple) else current, value
