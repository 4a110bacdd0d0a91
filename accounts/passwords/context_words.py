"""Context-specific words that a password must not be derived from: names of product and tenant."""

import re
from functools import cache

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator

from core.crypto.passwords import normalize_password
from tenants.context import current_tenant_or_none

PRODUCT_NAME = "aggios"
# Shorter words are part of too many other words.
MIN_WORD_LENGTH = 4
# A rest with fewer letters and digits is too easy to guess.
MIN_REST_LENGTH = 6
SEPARATORS = re.compile(r"[\W_]+")


def context_words(*more: str) -> set[str]:
    """Return the words of the platform, the current tenant and the ``more`` names.

    A name counts as a whole and by its words, ignoring case and separators, in the normal form of
    passwords.
    """
    tenant = current_tenant_or_none()
    names = [PRODUCT_NAME, settings.BASE_DOMAIN.partition(".")[0], *more]
    if tenant is not None:
        names += [tenant.slug, tenant.name]
    names = [normalize_password(name) for name in names]
    words = {_folded(word) for name in names for word in [name, *SEPARATORS.split(name)]}
    return {word for word in words if len(word) >= MIN_WORD_LENGTH}


def is_derived_from(password: str, words: set[str]) -> bool:
    """Return whether without the words only a short or common rest of the password is left."""
    plain = _folded(password)
    rest = plain
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    if rest == plain:
        return False
    return len(rest) < MIN_REST_LENGTH or rest.isdigit() or rest in _common_passwords()


def _folded(text: str) -> str:
    return SEPARATORS.sub("", text.casefold())


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)
