"""Language and time zone: chosen by a user, or the default of the tenant.

An empty value means that there is no choice. Language tags are compared without case (RFC 5646,
section 2.1.1), names of time zones with it.
"""

import zoneinfo
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache

from django.conf import settings

from accounts.models import User
from accounts.permissions import policy_of
from core.http.language import LanguageChoices, preferred_language
from core.problems import FieldError, ValidationFailed
from core.request_context import request_context
from tenants.context import TenantRef

MAX_LANGUAGE_LENGTH = 10
MAX_TIME_ZONE_LENGTH = 64
UNKNOWN_LANGUAGE = "Use one of the languages that are served, or leave it empty."
UNKNOWN_TIME_ZONE = (
    "Use the name of a time zone (IANA), such as America/Sao_Paulo, or leave it empty."
)
# Zones of the machine, and of one that is not set up: not places of a user.
MACHINE_ZONES = frozenset({"localtime", "Factory"})


@cache
def time_zone_names() -> frozenset[str]:
    """Return the names of the known time zones (IANA)."""
    return frozenset(zoneinfo.available_timezones() - MACHINE_ZONES)


def clean_language(text: str, *, field: str = "language") -> str:
    """Return the code of a served language in lower case. Raises: ValidationFailed."""
    code = text.lower()
    if code and code not in dict(settings.LANGUAGES):
        raise ValidationFailed(errors=[FieldError(field, "invalid_choice", UNKNOWN_LANGUAGE)])
    return code


def clean_time_zone(text: str, *, field: str = "time_zone") -> str:
    """Return the name of a time zone. Raises: ValidationFailed."""
    # The set is asked and not the file system: a name must not lead to another file.
    if text and text not in time_zone_names():
        raise ValidationFailed(errors=[FieldError(field, "invalid_choice", UNKNOWN_TIME_ZONE)])
    return text


PREFERENCE_RULES: dict[str, Callable[[str], str]] = {
    "language": clean_language,
    "time_zone": clean_time_zone,
}
PREFERENCE_FIELDS = tuple(PREFERENCE_RULES)


def known_preferences(stored: Mapping[str, object]) -> dict[str, str]:
    """Return the valid preferences of a text from outside, such as an archive."""
    found = {}
    for name, clean in PREFERENCE_RULES.items():
        with suppress(ValidationFailed):
            found[name] = clean(str(stored.get(name, "")))
    return {name: value for name, value in found.items() if value}


def user_language(user: User | None, tenant: TenantRef, *, accept_language: str = "") -> str:
    """Return the language for a user: the own one, the tenant's default, or the request's.

    ``accept_language`` replaces the field of the current request. Without any, it is English.
    """
    chosen = (user.language if user else "") or policy_of(tenant).language
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return preferred_language(accept_language or request_context().accept_language)


def language_choices(user: User | None, tenant: TenantRef) -> LanguageChoices:
    """Return the chosen languages for a page (core/http/language.py): the user's, the tenant's."""
    served = dict(settings.LANGUAGES)
    chosen = (user.language if user else "", policy_of(tenant).language)
    return LanguageChoices(*(code if code in served else "" for code in chosen))


def user_time_zone(user: User | None, tenant: TenantRef) -> str:
    """Return the name of the time zone for a user: the own one, the tenant's default, or UTC."""
    chosen = (user.time_zone if user else "") or policy_of(tenant).time_zone
    # A stored name can disappear with another version of the time zone data.
    return chosen if chosen in time_zone_names() else settings.TIME_ZONE
