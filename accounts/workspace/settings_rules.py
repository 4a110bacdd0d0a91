"""What a workspace may set for itself, and who may set it.

An idle limit below five minutes would throw people out while they read; an absolute one below an
hour, while they work. OWASP ASVS 5.0, 7.3, asks for both limits and leaves the figures to the risk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.actions import MANAGERS, OWNERS
from accounts.models import User
from accounts.people.authority import rank_of
from accounts.policy import ROLES, policy_from
from core.problems import FieldError, PermissionRefused, ValidationFailed

HOUR, DAY = 3600, 86400
VERIFICATION = ("off", "required")
SHARING = ("on", "off")
Fault = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """``fault`` returns code and sentence of what is wrong with a value; ``roles`` may set it."""

    fault: Callable[[Any], Fault]
    roles: frozenset[str] = MANAGERS


def _whole(least: int, most: int, *, or_zero: bool = False) -> Callable[[Any], Fault]:
    said = f"Give {'0 or ' if or_zero else ''}a whole number from {least} to {most}."

    def fault(value: Any) -> Fault:
        fits = type(value) is int and (least <= value <= most or (or_zero and value == 0))
        return None if fits else ("out_of_range", said)

    return fault


def _roles(value: Any) -> Fault:
    fits = isinstance(value, list) and all(role in ROLES for role in value)
    return None if fits else ("invalid_choice", f"List some of {', '.join(ROLES)}, or none.")


def _one_of(*values: str) -> Callable[[Any], Fault]:
    said = f"Use one of {', '.join(values)}."
    return lambda value: None if value in values else ("invalid_choice", said)


# Only an owner loosens or tightens what owners themselves must do to get in.
RULES = {
    "session_idle_seconds": Rule(_whole(300, 365 * DAY, or_zero=True)),
    "session_absolute_seconds": Rule(_whole(HOUR, 365 * DAY, or_zero=True)),
    "sessions_per_user": Rule(_whole(1, 1000)),
    "second_factor_roles": Rule(_roles, OWNERS),
    "email_verification": Rule(_one_of(*VERIFICATION), OWNERS),
    "invitation_seconds": Rule(_whole(HOUR, 30 * DAY)),
    "sharing": Rule(_one_of(*SHARING)),
}


def checked_settings(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return settings as they are stored. Raises ValidationFailed that names ``settings.…``."""
    faults = []
    for name, value in wanted.items():
        fault = RULES[name].fault(value) if name in RULES else ("unknown", "There is no such one.")
        if fault:
            faults.append(FieldError(f"settings.{name}", *fault))
    if faults:
        raise ValidationFailed(errors=faults)
    return {name: _canonical(value) for name, value in wanted.items()}


def _canonical(value: Any) -> Any:
    """The same roles in another order are no change."""
    return [role for role in ROLES if role in value] if isinstance(value, list) else value


def require_may_set(user: User, settings: dict[str, Any], stored: dict[str, Any]) -> None:
    """Raise PermissionRefused if one of the settings would change that this person may not change.

    What is sent back as it is changes nothing, so it is nobody's to refuse.
    """
    now = policy_from(stored)
    for name, value in settings.items():
        current = getattr(now, name)
        same = (list(current) if isinstance(current, tuple) else current) == value
        if not same and rank_of(user) not in RULES[name].roles:
            raise PermissionRefused(f"Only an owner may change {name}.")
