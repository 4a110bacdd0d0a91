"""Language and time zone: chosen by a user, or the default of the tenant.

An empty value means that there is no choice. Language tags are compared without case (RFC 5646,
section 2.1.1), names of time zones with it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from django.conf import settings

from accounts.models import User
from accounts.permissions import policy_of
from core.http.language import LanguageChoices, preferred_language, served_language
from core.problems import FieldError, ValidationFailed
from core.request_context import request_context
from core.time_zones import known_time_zone
from tenants.context import TenantRef

MAX_LANGUAGE_LENGTH = 10
MAX_TIME_ZONE_LENGTH = 64
UNKNOWN_LANGUAGE = "Use one of the languages that are served, or leave it empty."
UNKNOWN_TIME_ZONE = (
    "Use the name of a time zone (IANA), such as America/Sao_Paulo, or leave it empty."
)


def clean_language(text: str, *, field: str = "language") -> str:
    """Return the code of a served language in lower case. Raises: ValidationFailed."""
    code = text.lower()
    if code and not served_language(code):
        raise ValidationFailed(errors=[FieldError(field, "invalid_choice", UNKNOWN_LANGUAGE)])
    return code


def clean_time_zone(text: str, *, field: str = "time_zone") -> str:
    """Return the name of a time zone. Raises: ValidationFailed."""
    if text and not known_time_zone(text):
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
    return served_language(chosen) or preferred_language(
        accept_language or request_context().accept_language
    )


def language_choices(user: User | None, tenant: TenantRef) -> LanguageChoices:
    """Return the chosen languages for a page (core/http/language.py): the user's, the tenant's."""
    chosen = (user.language if user else "", policy_of(tenant).language)
    return LanguageChoices(*map(served_language, chosen))


def user_time_zone(user: User | None, tenant: TenantRef) -> str:
    """Return the name of the time zone for a user: the own one, the tenant's default, or UTC."""
    chosen = (user.time_zone if user else "") or policy_of(tenant).time_zone
    return known_time_zone(chosen) or settings.TIME_ZONE
